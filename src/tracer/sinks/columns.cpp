// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/columns.h"

#include <algorithm>
#include <array>

#include "util/safe_text.h"

namespace rqs::sinks {
namespace {

struct Range {
    char32_t first, last;
};

// Combining marks of the common scripts.
constexpr std::array<Range, 9> zero_width{{{0x300, 0x36f},
                                           {0x483, 0x489},
                                           {0x591, 0x5bd},
                                           {0x610, 0x61a},
                                           {0x64b, 0x65f},
                                           {0x1ab0, 0x1aff},
                                           {0x1dc0, 0x1dff},
                                           {0x20d0, 0x20ff},
                                           {0xfe00, 0xfe0f}}};

// East Asian Wide and Fullwidth, and emoji.
constexpr std::array<Range, 10> double_width{{{0x1100, 0x115f},
                                              {0x2e80, 0x303e},
                                              {0x3041, 0xa4cf},
                                              {0xa960, 0xa97f},
                                              {0xac00, 0xd7a3},
                                              {0xf900, 0xfaff},
                                              {0xfe30, 0xfe6f},
                                              {0xff00, 0xff60},
                                              {0x1f300, 0x1faff},
                                              {0x20000, 0x3fffd}}};

template <std::size_t N>
bool in(const std::array<Range, N>& ranges, char32_t code) {
    return std::any_of(ranges.begin(), ranges.end(), [code](const Range& range) {
        return code >= range.first && code <= range.last;
    });
}

/// Takes one character off the front of `text` and returns its columns.
std::size_t take(std::string_view& text) {
    char32_t code = 0;
    const std::size_t length = std::max<std::size_t>(util::utf8_sequence(text, code), 1);
    text.remove_prefix(length);
    if (length == 1) {
        return 1;
    }
    return in(zero_width, code) ? 0U : in(double_width, code) ? 2U : 1U;
}

/// The longest head of `text` within `width` columns.
std::string_view head(std::string_view text, std::size_t width) {
    std::string_view rest = text;
    std::size_t used = 0;
    std::size_t bytes = 0;
    while (!rest.empty()) {
        used += take(rest);
        if (used > width) {
            break;
        }
        bytes = text.size() - rest.size();
    }
    return text.substr(0, bytes);
}

/// The longest tail of `text` within `width` columns.
std::string_view tail(std::string_view text, std::size_t width) {
    while (display_columns(text) > width) {
        (void)take(text);
    }
    return text;
}

/// `text` cut to `width` columns; `~` stands for what is gone.
std::string cut(std::string_view text, std::size_t width, bool keep_end) {
    if (display_columns(text) <= width || width == 0) {
        return std::string(text);
    }
    return keep_end ? "~" + std::string(tail(text, width - 1))
                    : std::string(head(text, width - 1)) + "~";
}

}  // namespace

std::size_t display_columns(std::string_view utf8) {
    std::size_t columns = 0;
    while (!utf8.empty()) {
        columns += take(utf8);
    }
    return columns;
}

void append_left(std::string& out, std::string_view utf8, std::size_t width, bool keep_end) {
    const std::string text = cut(utf8, width, keep_end);
    out += text;
    out.append(width - std::min(width, display_columns(text)), ' ');
}

void append_right(std::string& out, std::string_view utf8, std::size_t width, bool keep_end) {
    const std::string text = cut(utf8, width, keep_end);
    out.append(width - std::min(width, display_columns(text)), ' ');
    out += text;
}

}  // namespace rqs::sinks
