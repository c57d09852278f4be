// SPDX-License-Identifier: BSD-2-Clause
// A file or standard input, to be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "util/error.h"
#include "util/fd.h"

namespace rqs::util {

struct InputFile {
    Fd fd;
    std::string name;                   ///< printable
    std::optional<std::uint64_t> size;  ///< of a regular file, in bytes; nothing for a pipe
};

/// `-` is standard input. The error is one line that names the file; of a directory it goes on with
/// `directory_advice`, what to name instead.
Result<InputFile> open_input(const std::string& path, std::string_view directory_advice);

}  // namespace rqs::util
