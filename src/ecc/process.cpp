// SPDX-License-Identifier: BSD-2-Clause
#include "ecc/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "bpfkit/handles.h"
#include "util/safe_text.h"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace rqs::ecc {
namespace {

std::string read_all(int fd) {
    std::string out;
    std::array<char, 8192> chunk{};
    for (;;) {
        const ssize_t size = ::read(fd, chunk.data(), chunk.size());
        if (size > 0) {
            out.append(chunk.data(), static_cast<std::size_t>(size));
        } else if (size == 0 || errno != EINTR) {
            return out;
        }
    }
}

std::string shown(const std::filesystem::path& path) {
    return util::printable(path.string());
}

/// Writes all of it; 0 or what errno said.
int write_descriptor(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t size = ::write(fd, content.data(), content.size());
        if (size < 0 && errno != EINTR) {
            return errno;
        }
        content.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }
    return 0;
}

/// What a chain of symbolic links names in the end, whether it exists or not.
std::filesystem::path resolved(std::filesystem::path path) {
    constexpr int most_links = 40;  // as the kernel has it
    std::error_code error;
    for (int i = 0; i < most_links && std::filesystem::is_symlink(path, error); ++i) {
        path = path.parent_path() / std::filesystem::read_symlink(path, error);
    }
    return path;
}

mode_t new_file_mode() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666 & ~mask;
}

/// Puts a new file in the place of `target`; 0 or what errno said.
int replace_file(const std::filesystem::path& target, const std::string& content, mode_t mode) {
    std::string partial = target.string() + ".XXXXXX";
    bpfkit::Fd file(::mkostemp(partial.data(), O_CLOEXEC));
    if (!file.valid()) {
        return errno;
    }
    int error = write_descriptor(file.get(), content);
    if (error == 0 && ::fchmod(file.get(), mode) != 0) {
        error = errno;
    }
    if (error == 0 && ::close(file.release()) != 0) {
        error = errno;
    }
    if (error == 0 && ::rename(partial.c_str(), target.c_str()) != 0) {
        error = errno;
    }
    if (error != 0) {
        (void)::unlink(partial.c_str());
    }
    return error;
}

}  // namespace

Result<ProcessResult> run_process(const std::vector<std::string>& words) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
    }
    const bpfkit::Fd reading(ends[0]);
    bpfkit::Fd writing(ends[1]);
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    std::vector<std::string> owned(words);  // exec wants its words writable
    for (auto& word : owned) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDERR_FILENO);
    pid_t child = 0;
    const int error =
        ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    writing.reset();
    if (error != 0) {
        return fail(
            fmt::format("cannot run {}: {}", util::printable(words[0]), std::strerror(error)));
    }
    ProcessResult result;
    result.output = read_all(reading.get());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

Result<TemporaryDirectory> TemporaryDirectory::make() {
    std::error_code error;
    auto base = std::filesystem::temp_directory_path(error);
    std::string pattern = (error ? std::filesystem::path("/tmp") : base) / "ecc-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        return fail(fmt::format("cannot make a temporary directory {}: {}",
                                util::printable(pattern), std::strerror(errno)));
    }
    return TemporaryDirectory(pattern);
}

TemporaryDirectory::~TemporaryDirectory() {
    if (!path_.empty()) {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
}

Result<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::error_code error;
    if (!file || std::filesystem::is_directory(path, error)) {
        return fail(fmt::format("cannot read {}: {}", shown(path),
                                file ? "it is a directory" : std::strerror(errno)));
    }
    return std::string(std::istreambuf_iterator<char>(file), {});
}

Status write_file(const std::filesystem::path& path, const std::string& content) {
    const std::filesystem::path target = resolved(path);
    struct stat found {};
    const bool exists = ::stat(target.c_str(), &found) == 0;
    int error = 0;
    if (exists && !S_ISREG(found.st_mode)) {
        const bpfkit::Fd file(::open(target.c_str(), O_WRONLY | O_CLOEXEC));
        error = file.valid() ? write_descriptor(file.get(), content) : errno;
    } else {
        error = replace_file(target, content, exists ? found.st_mode & 07777 : new_file_mode());
    }
    return error == 0 ? Status{}
                      : fail(fmt::format("cannot write {}: {}", shown(path), std::strerror(error)));
}

Status write_stdout(const std::string& content) {
    const int error = write_descriptor(STDOUT_FILENO, content);
    return error == 0 ? Status{}
                      : fail(fmt::format("cannot write standard output: {}", std::strerror(error)));
}

}  // namespace rqs::ecc
