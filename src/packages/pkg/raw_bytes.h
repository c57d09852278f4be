// SPDX-License-Identifier: BSD-2-Clause
// Reading tables out of bytes that nobody vouches for.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace rqs::pkg {

/// Copies a T out of `bytes` at `offset`, which must lie within; no alignment is assumed.
template <typename T>
T read_at(std::string_view bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

/// Whether `size` bytes at `offset` lie within `total`.
inline bool within(std::uint64_t offset, std::uint64_t size, std::uint64_t total) {
    return offset <= total && size <= total - offset;
}

/// The string at `offset` of a table that ends with a zero byte; nothing if it lies outside.
inline std::optional<std::string_view> string_at(std::string_view table, std::uint64_t offset) {
    if (offset >= table.size()) {
        return std::nullopt;
    }
    const std::string_view rest = table.substr(offset);
    return rest.substr(0, rest.find('\0'));
}

inline bool zero_terminated(std::string_view table) {
    return !table.empty() && table.back() == '\0';
}

}  // namespace rqs::pkg
