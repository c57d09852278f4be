// SPDX-License-Identifier: BSD-2-Clause
// How many columns of a terminal a text takes, without asking the locale.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rqs::sinks {

/// Columns of valid UTF-8 that append_printable() made: combining marks 0, wide scripts and
/// emoji 2, everything else 1. Ranges are coarse: alignment depends on it, nothing else.
std::size_t display_columns(std::string_view utf8);

/// Appends `utf8` in exactly `width` columns: filled up on the right, or cut with a `~`. A path
/// says more at its end: `keep_end` cuts at the front.
void append_left(std::string& out, std::string_view utf8, std::size_t width, bool keep_end = false);
/// The same, filled up on the left.
void append_right(std::string& out, std::string_view utf8, std::size_t width,
                  bool keep_end = false);

}  // namespace rqs::sinks
