// SPDX-License-Identifier: BSD-2-Clause
#include "util/safe_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace rqs::util {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

bool plain(unsigned char byte) {
    return byte >= 0x20 && byte < 0x7f;
}

// Unicode's bidirectional and zero-width controls, line separators, tags and C1: what a terminal
// or a reader's eye could be led astray by.
bool deceptive(char32_t code) {
    struct Range {
        char32_t first, last;
    };
    static constexpr std::array<Range, 10> ranges{{{0x80, 0x9f},
                                                   {0xad, 0xad},
                                                   {0x61c, 0x61c},
                                                   {0x180e, 0x180e},
                                                   {0x200b, 0x200f},
                                                   {0x2028, 0x202e},
                                                   {0x2060, 0x206f},
                                                   {0xfeff, 0xfeff},
                                                   {0xfff9, 0xfffb},
                                                   {0xe0000, 0xe007f}}};
    return std::any_of(ranges.begin(), ranges.end(), [code](const Range& range) {
        return code >= range.first && code <= range.last;
    });
}

void append_escaped_bytes(std::string& out, std::string_view bytes) {
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += "\\x";
        out += hex_digits[byte >> 4];
        out += hex_digits[byte & 15];
    }
}

void append_json_escape(std::string& out, unsigned char byte) {
    switch (byte) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            out += "\\u00";
            out += hex_digits[byte >> 4];
            out += hex_digits[byte & 15];
    }
}

void append_json_unit(std::string& out, char32_t unit) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) {
        out += hex_digits[(unit >> shift) & 15U];
    }
}

/// As one UTF-16 unit, or as two (RFC 8259, section 7).
void append_json_code_point(std::string& out, char32_t code) {
    if (code <= 0xffff) {
        append_json_unit(out, code);
        return;
    }
    append_json_unit(out, 0xd800 + ((code - 0x10000) >> 10));
    append_json_unit(out, 0xdc00 + ((code - 0x10000) & 0x3ffU));
}

}  // namespace

std::size_t utf8_sequence(std::string_view text, char32_t& code_point) {
    if (text.empty()) {
        return 0;
    }
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80) {
        code_point = first;
        return 1;
    }
    const std::size_t length = first >= 0xf0 ? 4U : first >= 0xe0 ? 3U : 2U;
    static constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
    if (first < 0xc2 || first > 0xf4 || text.size() < length) {
        return 0;
    }
    auto code = static_cast<char32_t>(first & (0xffU >> (length + 1)));
    for (std::size_t i = 1; i < length; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xc0U) != 0x80) {
            return 0;
        }
        code = (code << 6) | (byte & 0x3fU);
    }
    if (code < smallest.at(length) || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return 0;
    }
    code_point = code;
    return length;
}

void append_printable(std::string& out, std::string_view raw) {
    while (!raw.empty()) {
        std::size_t run = 0;
        while (run < raw.size() && plain(static_cast<unsigned char>(raw[run]))) {
            ++run;
        }
        out.append(raw.substr(0, run));
        raw.remove_prefix(run);
        if (raw.empty()) {
            return;
        }
        char32_t code = 0;
        const std::size_t length = utf8_sequence(raw, code);
        const std::string_view bytes = raw.substr(0, length == 0 ? 1 : length);
        if (length == 0 || code < 0x20 || code == 0x7f || deceptive(code)) {
            append_escaped_bytes(out, bytes);
        } else {
            out.append(bytes);
        }
        raw.remove_prefix(bytes.size());
    }
}

std::string printable(std::string_view raw) {
    std::string out;
    append_printable(out, raw);
    return out;
}

void append_json_string(std::string& out, std::string_view raw) {
    out += '"';
    while (!raw.empty()) {
        std::size_t run = 0;
        while (run < raw.size() && plain(static_cast<unsigned char>(raw[run])) && raw[run] != '"' &&
               raw[run] != '\\') {
            ++run;
        }
        out.append(raw.substr(0, run));
        raw.remove_prefix(run);
        if (raw.empty()) {
            break;
        }
        char32_t code = 0;
        const std::size_t length = utf8_sequence(raw, code);
        if (length == 0) {
            out += replacement;
        } else if (length == 1) {
            append_json_escape(out, static_cast<unsigned char>(raw[0]));
        } else if (deceptive(code)) {
            // A JSON escape keeps the value and cannot act on a terminal that shows the line.
            append_json_code_point(out, code);
        } else {
            out.append(raw.substr(0, length));
        }
        raw.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
}

std::string valid_utf8(std::string_view raw) {
    std::string out;
    out.reserve(raw.size());
    while (!raw.empty()) {
        char32_t code = 0;
        const std::size_t length = utf8_sequence(raw, code);
        if (length == 0 || code == 0) {
            out += replacement;
        } else {
            out.append(raw.substr(0, length));
        }
        raw.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

void append_csv_field(std::string& out, std::string_view raw) {
    const std::size_t start = out.size();
    append_printable(out, raw);
    const std::string_view field = std::string_view(out).substr(start);
    if (field.find_first_of(",\"") == std::string_view::npos &&
        (field.empty() || (field.front() != ' ' && field.back() != ' '))) {
        return;
    }
    std::string quoted = "\"";
    for (const char c : field) {
        if (c == '"') {
            quoted += '"';
        }
        quoted += c;
    }
    quoted += '"';
    out.resize(start);
    out += quoted;
}

}  // namespace rqs::util
