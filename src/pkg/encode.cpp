// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

std::string little_endian(std::uint64_t value, std::uint32_t size, char fill) {
    std::string out(size, fill);
    for (std::uint32_t i = 0; i < size && i < sizeof(value); ++i) {
        out[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
    }
    return out;
}

Result<std::string> encode_integer(const ValueType& type, const std::string& text) {
    const bool negative = !text.empty() && text[0] == '-';
    const auto magnitude = parse_magnitude(std::string_view(text).substr(negative ? 1 : 0));
    if (!magnitude) {
        return bad_value(text, "a whole number");
    }
    const std::uint32_t bits = std::min<std::uint32_t>(type.size * 8, 64);
    const std::uint64_t all = bits == 64 ? UINT64_MAX : (std::uint64_t{1} << bits) - 1;
    // Beyond 64 bits every value that the magnitude can have fits.
    const bool wide = type.size > 8;
    const std::uint64_t top = type.is_signed && !wide ? all / 2 : all;
    const std::uint64_t bottom = type.is_signed ? (wide ? all : all / 2 + 1) : 0;
    if (*magnitude > (negative ? bottom : top)) {
        return bad_value(text, type.is_signed ? fmt::format("between -{} and {}", bottom, top)
                                              : fmt::format("between 0 and {}", top));
    }
    const std::uint64_t value = negative ? ~*magnitude + 1 : *magnitude;
    return little_endian(value, type.size, negative && value != 0 ? '\xff' : '\0');
}

Result<std::string> encode_enumeration(const ValueType& type, const std::string& text) {
    for (const auto& entry : type.enumerators) {
        if (entry.name == text) {
            return little_endian(static_cast<std::uint64_t>(entry.value), type.size, '\0');
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
    const auto narrow = static_cast<float>(value);
    std::string out(sizeof(float), '\0');
    std::memcpy(out.data(), &narrow, sizeof(narrow));
    return out;
}

Result<std::string> encode_text(const ValueType& type, const std::string& text) {
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
    const bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    text.remove_prefix(hex ? 2 : 0);
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
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
