// SPDX-License-Identifier: BSD-2-Clause
// Whole files.
#pragma once

#include <filesystem>
#include <string>

#include "util/error.h"

namespace rqs::ecc {

/// A path as it stands in an error line.
std::string shown(const std::filesystem::path& path);

Result<std::string> read_file(const std::filesystem::path& path);

/// Replaces a file at once: it has either its old content or all of the new. Links are followed;
/// what is no ordinary file (a device, a pipe) is written to and stays what it is.
Status write_file(const std::filesystem::path& path, const std::string& content);

/// A reader that goes away is no error.
Status write_stdout(const std::string& content);

}  // namespace rqs::ecc
