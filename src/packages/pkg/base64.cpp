// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/base64.h"

#include <array>

namespace rqs::pkg {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::int8_t invalid = -1;

constexpr std::array<std::int8_t, 256> make_values() {
    std::array<std::int8_t, 256> values{};
    for (auto& value : values) {
        value = invalid;
    }
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}

constexpr std::array<std::int8_t, 256> values = make_values();

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// The last, incomplete group: 2 or 3 digits stand for 1 or 2 bytes. The bits behind those must be
/// zero (RFC 4648, 3.5): others show that something was cut off or changed.
bool append_tail(Bytes& out, std::uint32_t bits, std::size_t digits) {
    if (digits == 2) {
        out.push_back(static_cast<std::uint8_t>(bits >> 4));
        return (bits & 0xfU) == 0;
    }
    out.push_back(static_cast<std::uint8_t>(bits >> 10));
    out.push_back(static_cast<std::uint8_t>((bits >> 2) & 0xffU));
    return (bits & 0x3U) == 0;
}

}  // namespace

Result<Bytes> base64_decode(std::string_view text) {
    Bytes out;
    out.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    std::size_t digits = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        if (is_space(c)) {  // YAML breaks long strings over lines
            continue;
        }
        if (c == '=') {
            ++padding;
            continue;
        }
        const std::int8_t value = values.at(static_cast<unsigned char>(c));
        if (value == invalid || padding > 0) {
            return fail("the object is not valid base64");
        }
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        if (++digits == 4) {
            out.push_back(static_cast<std::uint8_t>(bits >> 16));
            out.push_back(static_cast<std::uint8_t>((bits >> 8) & 0xffU));
            out.push_back(static_cast<std::uint8_t>(bits & 0xffU));
            bits = 0;
            digits = 0;
        }
    }
    const std::size_t expected_padding = digits == 0 ? 0 : 4 - digits;
    if (digits == 1 || padding != expected_padding ||
        (digits != 0 && !append_tail(out, bits, digits))) {
        return fail("the object's base64 is cut short or badly padded");
    }
    return out;
}

std::string base64_encode(const Bytes& bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = bytes.size() - i;
        std::uint32_t bits = static_cast<std::uint32_t>(bytes[i]) << 16;
        bits |= left > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8 : 0;
        bits |= left > 2 ? static_cast<std::uint32_t>(bytes[i + 2]) : 0;
        out += alphabet[bits >> 18];
        out += alphabet[(bits >> 12) & 63];
        out += left > 1 ? alphabet[(bits >> 6) & 63] : '=';
        out += left > 2 ? alphabet[bits & 63] : '=';
    }
    return out;
}

}  // namespace rqs::pkg
