// SPDX-License-Identifier: BSD-2-Clause
// Numbers and texts one behind the other in bytes that a stranger wrote.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace rqs::import {

using ByteView = std::span<const std::uint8_t>;

/// What lacks reads as zeros and empty, and is `failed` from then on. Little-endian.
class Cursor {
  public:
    explicit Cursor(ByteView bytes) : rest_(bytes) {}

    template <typename Number>
    Number number() {
        Number value{};
        const ByteView taken = bytes(sizeof(Number));
        if (!taken.empty()) {
            std::memcpy(&value, taken.data(), sizeof(Number));
        }
        return value;
    }
    std::uint8_t u8() { return number<std::uint8_t>(); }
    std::uint16_t u16() { return number<std::uint16_t>(); }
    std::uint32_t u32() { return number<std::uint32_t>(); }
    std::uint64_t u64() { return number<std::uint64_t>(); }

    ByteView bytes(std::uint64_t count) {
        if (count > rest_.size()) {
            failed_ = true;
            rest_ = {};
            return {};
        }
        const ByteView taken = rest_.first(static_cast<std::size_t>(count));
        rest_ = rest_.subspan(static_cast<std::size_t>(count));
        return taken;
    }
    /// Up to a NUL, which is taken too.
    std::string_view text() {
        const std::string_view all = view(rest_);
        const std::size_t end = all.find('\0');
        if (end == std::string_view::npos) {
            failed_ = true;
            rest_ = {};
            return {};
        }
        rest_ = rest_.subspan(end + 1);
        return all.substr(0, end);
    }
    /// `count` bytes as a text.
    std::string_view text(std::uint64_t count) { return view(bytes(count)); }

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool ended() const { return rest_.empty(); }
    [[nodiscard]] ByteView rest() const { return rest_; }

    static std::string_view view(ByteView bytes) {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

  private:
    ByteView rest_;
    bool failed_ = false;
};

/// Calls `take` with each line, without its end, for as long as that returns true.
template <typename Take>
void each_line(std::string_view text, Take take) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (!take(text.substr(0, end))) {
            return;
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

}  // namespace rqs::import
