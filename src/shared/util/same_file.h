// SPDX-License-Identifier: BSD-2-Clause
// Whether two names are one file: what is read must not be written over, nor two things into one.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace rqs::util {

/// A regular file, whatever it is called.
struct FileId {
    dev_t device = 0;
    ino_t inode = 0;

    bool operator==(const FileId&) const = default;
};

/// Nothing where there is no file, or none that keeps what is written: a pipe, /dev/null.
std::optional<FileId> file_id(int fd);
std::optional<FileId> file_id(const std::string& path);

/// Writing to both would be writing to one file, which need not be there yet.
bool same_file(const std::string& one, const std::string& other);

}  // namespace rqs::util
