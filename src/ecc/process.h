// SPDX-License-Identifier: BSD-2-Clause
// Child processes and temporary directories.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "util/error.h"

namespace rqs::ecc {

struct ProcessResult {
    int exit_code = 0;
    std::string output;  ///< stdout and stderr, as they came
};

/// Runs `words[0]` (looked up in PATH) without a shell and with an empty standard input. A program
/// that does not exist is an error; one that fails is not. The locale is C.
Result<ProcessResult> run_process(const std::vector<std::string>& words);

/// A directory of our own that vanishes with the object.
class TemporaryDirectory {
  public:
    static Result<TemporaryDirectory> make();
    TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::move(other.path_)) {
        other.path_.clear();
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
    ~TemporaryDirectory();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

Result<std::string> read_file(const std::filesystem::path& path);

/// Replaces a file at once: it has either its old content or all of the new. Links are followed;
/// what is no ordinary file (a device, a pipe) is written to and stays what it is.
Status write_file(const std::filesystem::path& path, const std::string& content);

Status write_stdout(const std::string& content);

}  // namespace rqs::ecc
