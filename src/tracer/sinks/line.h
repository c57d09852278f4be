// SPDX-License-Identifier: BSD-2-Clause
// One line of output, put together on the stack and appended to the batch in one piece: at
// millions of events a second neither allocations nor calls per field can be afforded.
#pragma once

#include <fmt/format.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "model/event.h"

namespace rqs::sinks {

/// A literal: its length is known, and the copy a few instructions.
template <std::size_t size>
using Literal = const char (&)[size];  // NOLINT(*-avoid-c-arrays): what literals are

/// Collects text and hands it to `out` when full and on finish(), which must come last.
class Line {
  public:
    explicit Line(std::string& out) : out_(out) {}
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    ~Line() = default;

    void text(std::string_view text) {
        if (text.size() > room()) {
            spill(text);
            return;
        }
        if (!text.empty()) {  // an empty view may point nowhere, which memcpy must not see
            std::memcpy(buffer_.data() + used_, text.data(), text.size());
            used_ += text.size();
        }
    }
    template <std::size_t size>
    void text(Literal<size> literal) {
        static_assert(size <= capacity);
        need(size);
        std::memcpy(buffer_.data() + used_, &literal[0], size - 1);
        used_ += size - 1;
    }
    template <std::integral Int>
    void number(Int value) {
        // Faster than std::to_chars(), which counts the digits first.
        const fmt::format_int digits(value);
        need(max_digits);
        std::memcpy(buffer_.data() + used_, digits.data(), digits.size());
        used_ += digits.size();
    }
    void spaces(std::size_t count);
    /// printf's %-*llu and %*llu.
    void number_left(std::uint64_t value, std::size_t width);
    void number_right(std::uint64_t value, std::size_t width);
    /// printf's %-*s and %*s of ASCII.
    void text_left(std::string_view text, std::size_t width);
    void text_right(std::string_view text, std::size_t width);
    /// Exactly six digits: `micros` is below a million.
    void micros(std::uint32_t micros);

    /// A name made safe for a terminal; returns the columns that it takes there.
    std::size_t printable(const Comm& comm);
    /// The same, filled up with spaces to `width` columns.
    void printable_left(const Comm& comm, std::size_t width);
    void json_string(const Comm& comm);
    /// The same of any length.
    void json_string(std::string_view raw);
    void csv_field(const Comm& comm);

    void finish() {
        out_.append(buffer_.data(), used_);
        used_ = 0;
    }

  private:
    static constexpr std::size_t capacity = 2048;
    static constexpr std::size_t max_digits = 20;  // of 2^64-1, and of -2^63 with its sign

    [[nodiscard]] std::size_t room() const { return capacity - used_; }
    void need(std::size_t bytes) {
        if (bytes > room()) {
            finish();
        }
    }
    void spill(std::string_view text);
    /// Copies the name while all its bytes are of `allowed`; false where one is not.
    bool copy_plain(const Comm& comm, const std::array<bool, 256>& allowed);

    std::string& out_;
    std::size_t used_ = 0;
    std::array<char, capacity> buffer_;  // not initialised: that would cost more than most lines
};

}  // namespace rqs::sinks
