// SPDX-License-Identifier: BSD-2-Clause
// Small things that are done to words wherever text is read or quoted.
#pragma once

#include <string>
#include <string_view>

namespace rqs::util {

/// What std::isspace() knows in the C locale; independent of the user's locale.
inline constexpr std::string_view ascii_blanks = " \t\n\v\f\r";

/// `text` without the `blanks` at either end; a view of the same bytes.
std::string_view trim(std::string_view text, std::string_view blanks = ascii_blanks);

/// A user's word for an error line: `'word'`, printable as in safe_text.h, or `an empty word`,
/// because '' is easily overlooked.
std::string in_quotes(std::string_view word);

/// `path` is `directory` or lies below it, whole names only. Both begin with a slash.
bool is_below(std::string_view path, std::string_view directory);

}  // namespace rqs::util
