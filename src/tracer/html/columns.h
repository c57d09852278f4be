// SPDX-License-Identifier: BSD-2-Clause
// How numbers travel into the page: columns of LEB128 varints, as base64 within JSON. Half the size
// of the same numbers as text, and a browser reads a million of them in some ten milliseconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rqs::html {

inline void put_varint(std::string& column, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
        column += static_cast<char>(value | 0x80);
    }
    column += static_cast<char>(value);
}

/// RFC 4648, with padding.
std::string base64(std::string_view bytes);
/// How long that gets.
constexpr std::size_t base64_size(std::size_t bytes) {
    return (bytes + 2) / 3 * 4;
}

}  // namespace rqs::html
