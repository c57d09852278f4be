// SPDX-License-Identifier: BSD-2-Clause
// Base64 as of RFC 4648 section 4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "util/error.h"

namespace rqs::pkg {

using Bytes = std::vector<std::uint8_t>;

/// Decodes `text`. ASCII white space is skipped (the older packages wrap their lines); padding
/// must be right and unused bits must be zero, so that each byte string has one encoding.
Result<Bytes> base64_decode(std::string_view text);

std::string base64_encode(const Bytes& bytes);

}  // namespace rqs::pkg
