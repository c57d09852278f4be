// SPDX-License-Identifier: BSD-2-Clause
#include "util/new_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "util/fd.h"
#include "util/file_error.h"

namespace rqs::util {
namespace {

/// Also a link that leads nowhere.
bool exists(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0;
}

/// Some file systems cannot refuse to replace a file (RENAME_NOREPLACE: ext4, btrfs, tmpfs and xfs
/// can, vfat and many network ones cannot). There it is looked for right before.
int rename_to_new(const char* from, const std::string& to) {
    if (::renameat2(AT_FDCWD, from, AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return errno;
    }
    if (exists(to)) {
        return EEXIST;
    }
    return std::rename(from, to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

Result<NewFile> NewFile::create(std::string path) {
    constexpr mode_t mode = 0644;
    if (exists(path)) {
        return cannot_create(path, EEXIST);
    }
    std::string temporary = fmt::format("{}.tmp-{}", path, ::getpid());
    const Fd made(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, mode));
    if (!made.valid()) {
        return cannot_create(errno == EEXIST ? temporary : path, errno);
    }
    return NewFile(std::move(path), std::move(temporary));
}

NewFile::~NewFile() {
    if (!temporary_.empty()) {
        (void)::unlink(temporary_.c_str());
    }
}

Status NewFile::publish() {
    if (const int error = rename_to_new(temporary_.c_str(), path_); error != 0) {
        return cannot_create(path_, error);
    }
    temporary_.clear();
    return {};
}

}  // namespace rqs::util
