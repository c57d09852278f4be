// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace rqs::util {

/// All that a descriptor has until its end. Nothing where that fails (`errno` says why), where it
/// is more than `limit` bytes (EFBIG), or where a stop signal ends the waiting (EINTR).
std::optional<std::string> read_to_end(int fd, std::size_t limit = SIZE_MAX);

}  // namespace rqs::util
