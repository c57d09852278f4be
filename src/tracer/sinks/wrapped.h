// SPDX-License-Identifier: BSD-2-Clause
// Prose in a column of the screen.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rqs::sinks {

/// Appends `utf8` (printable, without line ends) behind the `indent` columns that the line has
/// already, and a newline. It goes on below, indented alike, where the next word would not fit into
/// `width` columns; 0: never. A word that is too long for a line of its own is cut with a `~`.
void append_wrapped(std::string& out, std::string_view utf8, std::size_t width, std::size_t indent);

}  // namespace rqs::sinks
