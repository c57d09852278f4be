// SPDX-License-Identifier: BSD-2-Clause
#include "ecc/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "util/fd.h"
#include "util/output.h"
#include "util/read_to_end.h"
#include "util/safe_text.h"

namespace rqs::ecc {
namespace {

namespace fs = std::filesystem;

Status cannot(std::string_view do_what, const fs::path& path) {
    return fail(fmt::format("cannot {} {}: {}", do_what, shown(path), std::strerror(errno)));
}

Status write_descriptor(int fd, std::string name, const std::string& content) {
    util::Output output(fd, std::move(name));
    output.buffer() = content;
    return output.finish();
}

/// What a chain of symbolic links names in the end, whether it exists or not.
fs::path resolved(fs::path path) {
    constexpr int most_links = 40;  // as the kernel has it
    std::error_code error;
    for (int i = 0; i < most_links && fs::is_symlink(path, error); ++i) {
        path = path.parent_path() / fs::read_symlink(path, error);
    }
    return path;
}

/// A umask can only be read by setting it.
mode_t new_file_mode() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666 & ~mask;
}

Status fill(util::Fd file, const fs::path& target, const std::string& content, mode_t mode) {
    if (auto status = write_descriptor(file.get(), shown(target), content); !status) {
        return status;
    }
    // mkostemp() makes a file for its owner alone; and some errors (NFS, quotas) come with close().
    if (::fchmod(file.get(), mode) != 0 || ::close(file.release()) != 0) {
        return cannot("write to", target);
    }
    return {};
}

/// Puts a new file in the place of `target`: who reads it meanwhile sees the old one or the new one
/// whole, and a full disk leaves the old one. In the same directory, for a rename works within one
/// file system.
Status replace_file(const fs::path& target, const std::string& content, mode_t mode) {
    std::string partial = target.string() + ".XXXXXX";
    util::Fd file(::mkostemp(partial.data(), O_CLOEXEC));
    if (!file.valid()) {
        return cannot("write to", target);
    }
    auto status = fill(std::move(file), target, content, mode);
    if (status && ::rename(partial.c_str(), target.c_str()) != 0) {
        status = cannot("write to", target);
    }
    if (!status) {
        (void)::unlink(partial.c_str());
    }
    return status;
}

}  // namespace

std::string shown(const fs::path& path) {
    return util::printable(path.string());
}

Result<std::string> read_file(const fs::path& path) {
    const util::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    auto content = file.valid() ? util::read_to_end(file.get()) : std::nullopt;
    if (!content) {
        return tl::unexpected(cannot("read", path).error());
    }
    return std::move(*content);
}

Status write_file(const fs::path& path, const std::string& content) {
    const fs::path target = resolved(path);
    struct stat found {};
    const bool exists = ::stat(target.c_str(), &found) == 0;
    if (!exists || S_ISREG(found.st_mode)) {
        return replace_file(target, content, exists ? found.st_mode & 07777 : new_file_mode());
    }
    // /dev/stdout, a pipe: a rename would replace the device.
    const util::Fd file(::open(target.c_str(), O_WRONLY | O_CLOEXEC));
    return file.valid() ? write_descriptor(file.get(), shown(path), content)
                        : cannot("write to", path);
}

Status write_stdout(const std::string& content) {
    return write_descriptor(STDOUT_FILENO, "standard output", content);
}

}  // namespace rqs::ecc
