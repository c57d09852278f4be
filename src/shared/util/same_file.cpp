// SPDX-License-Identifier: BSD-2-Clause
#include "util/same_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

namespace rqs::util {
namespace {

std::optional<FileId> id_of(const struct stat& status) {
    if (!S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    return FileId{status.st_dev, status.st_ino};
}

}  // namespace

std::optional<FileId> file_id(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 ? id_of(status) : std::nullopt;
}

std::optional<FileId> file_id(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? id_of(status) : std::nullopt;
}

bool same_file(const std::string& one, const std::string& other) {
    namespace fs = std::filesystem;
    std::error_code error;
    if (fs::exists(one, error) || fs::exists(other, error)) {
        const auto id = file_id(one);
        return id && id == file_id(other);
    }
    const fs::path first = fs::weakly_canonical(one, error);
    return !error && first == fs::weakly_canonical(other, error) && !error;
}

}  // namespace rqs::util
