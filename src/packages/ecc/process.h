// SPDX-License-Identifier: BSD-2-Clause
// Child processes and temporary directories.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "util/error.h"

namespace rqs::ecc {

struct ProcessResult {
    int exit_code = 0;   ///< 128 + the signal where one ended it
    std::string output;  ///< stdout and stderr, as they came
};

/// Runs `words[0]` (looked up in PATH) without a shell and with an empty standard input, in
/// `directory` if one is given. A program that does not exist is an error; one that fails is not. A
/// stop signal ends it.
Result<ProcessResult> run_process(const std::vector<std::string>& words,
                                  const std::string& directory = {});

/// An error if a stop signal has come.
Status go_on();

/// A directory of our own that vanishes with the object.
class TemporaryDirectory {
  public:
    static Result<TemporaryDirectory> make();
    TemporaryDirectory(TemporaryDirectory&& other) noexcept
        : path_(std::exchange(other.path_, {})) {}
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
    ~TemporaryDirectory();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

}  // namespace rqs::ecc
