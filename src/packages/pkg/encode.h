// SPDX-License-Identifier: BSD-2-Clause
// Text from a command line as the bytes of a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/value_type.h"
#include "util/error.h"

namespace rqs::pkg {

/// The usage error that `text` is not what was expected.
tl::unexpected<Error> bad_value(const std::string& text, std::string_view expected);

/// An unsigned magnitude in decimal or (0x) hexadecimal, all of `text`.
std::optional<std::uint64_t> parse_magnitude(std::string_view text);

/// The bytes of `text` as a value of `type`. Integers may be decimal, 0x hexadecimal, a name
/// (enums) or a letter (char), and must fit; text must leave room for its zero byte.
Result<std::string> encode_value(const ValueType& type, const std::string& text);

}  // namespace rqs::pkg
