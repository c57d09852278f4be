// SPDX-License-Identifier: BSD-2-Clause
// A file that is there only once it is complete, and never in place of another.
#pragma once

#include <string>
#include <utility>

#include "util/error.h"

namespace rqs::util {

/// The file is written under a name beside its own, and renamed by publish(). Without publish() it
/// goes with this object.
class NewFile {
  public:
    /// Makes the temporary file, empty. Whatever is at `path` already is an Error.
    static Result<NewFile> create(std::string path);

    NewFile(NewFile&& other) noexcept
        : path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, {})) {}
    NewFile& operator=(NewFile&&) = delete;
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    ~NewFile();

    [[nodiscard]] const std::string& path() const { return path_; }
    /// Where it is to be written.
    [[nodiscard]] const std::string& temporary_path() const { return temporary_; }

    /// Gives it its name. An Error where that has been taken meanwhile.
    Status publish();

  private:
    NewFile(std::string path, std::string temporary)
        : path_(std::move(path)), temporary_(std::move(temporary)) {}

    std::string path_;
    std::string temporary_;  ///< empty: published
};

}  // namespace rqs::util
