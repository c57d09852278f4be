// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "pkg/dump.h"
#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

__extension__ using Unsigned128 = unsigned __int128;

std::string little_endian(Unsigned128 value, std::uint32_t size) {
    std::string out(size, '\0');
    for (std::uint32_t i = 0; i < size && i < sizeof(value); ++i) {
        out[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
    }
    return out;
}

/// All of `text` as a magnitude in decimal or (0x) hexadecimal. Digit by digit, because
/// std::from_chars() knows no integers of 128 bits.
std::optional<Unsigned128> parse_wide(std::string_view text) {
    const bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    text.remove_prefix(hex ? 2 : 0);
    const unsigned base = hex ? 16 : 10;
    Unsigned128 value = 0;
    for (const char& c : text) {
        unsigned digit = 0;
        const auto [end, error] = std::from_chars(&c, &c + 1, digit, static_cast<int>(base));
        const Unsigned128 most = ~static_cast<Unsigned128>(0);
        if (error != std::errc{} || end != &c + 1 || value > (most - digit) / base) {
            return std::nullopt;
        }
        value = value * base + digit;
    }
    return text.empty() ? std::nullopt : std::optional(value);
}

/// A value of `type` as it is printed.
std::string number_text(const ValueType& type, Unsigned128 value) {
    std::string out;
    ValueType plain;
    plain.kind = ValueKind::integer;
    plain.size = type.size;
    plain.is_signed = type.is_signed;
    append_text(out, plain, little_endian(value, type.size));
    return out;
}

/// A char may be given as itself: "x", or "'7'", which alone would be a number.
std::optional<char> letter_in(const std::string& text) {
    if (text.size() == 1 && (text[0] < '0' || text[0] > '9')) {
        return text[0];
    }
    if (text.size() == 3 && text.front() == '\'' && text.back() == '\'') {
        return text[1];
    }
    return std::nullopt;
}

Result<std::string> encode_integer(const ValueType& type, const std::string& text) {
    if (const auto letter = type.name == "char" ? letter_in(text) : std::nullopt) {
        return std::string(1, *letter);
    }
    const bool negative = !text.empty() && text[0] == '-';
    const std::string_view digits = std::string_view(text).substr(negative ? 1 : 0);
    const auto magnitude = parse_wide(digits);
    // More digits than 128 bits hold are a number all the same: out of range, not malformed.
    const bool number = magnitude || (!digits.empty() && digits.find_first_not_of("0123456789") ==
                                                             std::string_view::npos);
    if (!number) {
        return bad_value(text, "a whole number");
    }
    const std::uint32_t bits = std::min<std::uint32_t>(type.size * 8, 128);
    const Unsigned128 all = ~static_cast<Unsigned128>(0) >> (128 - bits);
    const Unsigned128 top = type.is_signed ? all / 2 : all;
    // The magnitude of the least value, which is one more than that of the greatest.
    const Unsigned128 bottom = type.is_signed ? all / 2 + 1 : 0;
    if (!magnitude || *magnitude > (negative ? bottom : top)) {
        return bad_value(text, fmt::format("between {} and {}", number_text(type, ~bottom + 1),
                                           number_text(type, top)));
    }
    return little_endian(negative ? ~*magnitude + 1 : *magnitude, type.size);
}

Result<std::string> encode_enumeration(const ValueType& type, const std::string& text) {
    for (const auto& entry : type.enumerators) {
        if (entry.name == text) {
            return little_endian(static_cast<std::uint64_t>(entry.value), type.size);
        }
    }
    return encode_integer(type, text);
}

Result<std::string> encode_float(const ValueType& type, const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(value)) {
        return bad_value(text, "a number");
    }
    if (type.size == sizeof(double)) {
        std::string out(sizeof(double), '\0');
        std::memcpy(out.data(), &value, sizeof(value));
        return out;
    }
    // 1e300 is finite as a double alone.
    const auto narrow = static_cast<float>(value);
    if (!std::isfinite(narrow)) {
        return bad_value(text, "a number that a float can hold");
    }
    std::string out(sizeof(float), '\0');
    std::memcpy(out.data(), &narrow, sizeof(narrow));
    return out;
}

Result<std::string> encode_text(const ValueType& type, const std::string& text) {
    // The zero that ends the text needs a byte: programs compare and print up to it.
    if (text.size() >= type.size) {
        return usage_error(fmt::format("\"{}\" is longer than {} bytes", util::printable(text),
                                       type.size == 0 ? 0 : type.size - 1));
    }
    std::string out = text;
    out.resize(type.size, '\0');
    return out;
}

std::optional<bool> parse_bool(const std::string& text) {
    if (text == "true" || text == "1") {
        return true;
    }
    if (text == "false" || text == "0") {
        return false;
    }
    return std::nullopt;
}

}  // namespace

tl::unexpected<Error> bad_value(const std::string& text, std::string_view expected) {
    return usage_error(fmt::format("\"{}\" is not {}", util::printable(text), expected));
}

std::optional<std::uint64_t> parse_magnitude(std::string_view text) {
    const auto value = parse_wide(text);
    return value && *value <= UINT64_MAX ? std::optional(static_cast<std::uint64_t>(*value))
                                         : std::nullopt;
}

Result<std::string> encode_value(const ValueType& type, const std::string& text) {
    switch (type.kind) {
        case ValueKind::integer:
        case ValueKind::pointer:
            return encode_integer(type, text);
        case ValueKind::enumeration:
            return encode_enumeration(type, text);
        case ValueKind::floating:
            return encode_float(type, text);
        case ValueKind::text:
            return encode_text(type, text);
        case ValueKind::boolean: {
            const auto value = parse_bool(text);
            if (!value) {
                return bad_value(text, "true or false");
            }
            return std::string(1, *value ? '\1' : '\0');
        }
        default:
            return usage_error("a variable of this type cannot be set from the command line");
    }
}

}  // namespace rqs::pkg
