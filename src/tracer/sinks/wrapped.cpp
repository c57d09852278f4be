// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/wrapped.h"

#include <algorithm>

#include "sinks/columns.h"

namespace rqs::sinks {
namespace {

constexpr std::size_t shortest_line = 10;  // whatever the screen has

/// Takes a word and the blank behind it off the front of `text`. A per cent sign stays with its
/// number.
std::string_view take_word(std::string_view& text) {
    std::size_t end = text.find(' ');
    if (end != std::string_view::npos && text.substr(end + 1, 1) == "%") {
        end = text.find(' ', end + 1);
    }
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return word;
}

}  // namespace

void append_wrapped(std::string& out, std::string_view utf8, std::size_t width,
                    std::size_t indent) {
    if (width == 0) {
        out += utf8;
        out += '\n';
        return;
    }
    const std::size_t room = std::max(width, indent + shortest_line) - indent;
    std::size_t used = 0;
    for (bool first = true; !utf8.empty(); first = false) {
        const std::string_view word = take_word(utf8);
        const std::size_t columns = std::min(display_columns(word), room);
        if (!first && used + 1 + columns > room) {
            out += '\n';
            out.append(indent, ' ');
            used = 0;
        } else if (!first) {
            out += ' ';
            ++used;
        }
        append_left(out, word, columns);
        used += columns;
    }
    out += '\n';
}

}  // namespace rqs::sinks
