// SPDX-License-Identifier: BSD-2-Clause
#include "ecc/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
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
    const std::filesystem::path partial = path.string() + ".partial";
    std::ofstream file(partial, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    std::error_code error;
    if (!file) {
        error.assign(errno, std::generic_category());
    } else {
        std::filesystem::rename(partial, path, error);
    }
    if (error) {
        std::error_code ignored;
        std::filesystem::remove(partial, ignored);
        return fail(fmt::format("cannot write {}: {}", shown(path), error.message()));
    }
    return {};
}

}  // namespace rqs::ecc
