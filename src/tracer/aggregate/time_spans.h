// SPDX-License-Identifier: BSD-2-Clause
// Stretches of time in order, with prefix sums: how much of any time they cover is found by two
// searches, however many of them lie in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace rqs {

/// Disjoint spans, oldest first, at most `most` of them: 24 bytes each. All times are
/// CLOCK_MONOTONIC. Times that are asked for are near the newest span as a rule: searches begin
/// there.
class TimeSpans {
  public:
    struct Span {
        std::uint64_t begin_ns = 0;
        std::uint64_t end_ns = 0;
        std::uint64_t before_ns = 0;  ///< covered by all spans before this one
    };
    static constexpr std::uint64_t open_end_ns = std::numeric_limits<std::uint64_t>::max();

    /// `most` of at least 2.
    explicit TimeSpans(std::size_t most) : most_(most) {}

    /// Whether forget_half() must come before another span is added.
    [[nodiscard]] bool full() const { return spans_.size() >= most_; }
    /// Forgets the older half and returns when that ended.
    std::uint64_t forget_half();
    /// Where the older half ends: what forget_half() is going to return.
    [[nodiscard]] std::uint64_t half_ns() const { return spans_[spans_.size() / 2 - 1].end_ns; }
    /// Of what was before this nothing is remembered.
    [[nodiscard]] std::uint64_t known_from_ns() const { return known_from_ns_; }

    /// A span of its own that begins where the last one ended, or later.
    void append(std::uint64_t begin_ns, std::uint64_t end_ns);
    /// Unites with what is there. Amortised constant time where spans come in order of their ends.
    void unite(std::uint64_t begin_ns, std::uint64_t end_ns);
    /// Begins a span whose end is not known yet; where the last one ended right then it goes on.
    void open(std::uint64_t ns);
    void close(std::uint64_t ns);

    /// How much of the time from..to is covered, as far as it is remembered.
    [[nodiscard]] std::uint64_t covered_ns(std::uint64_t from_ns, std::uint64_t to_ns) const {
        return from_ns < to_ns ? covered_before_ns(to_ns) - covered_before_ns(from_ns) : 0;
    }
    /// The last span that begins before `ns`; nullptr where there is none.
    [[nodiscard]] const Span* last_before(std::uint64_t ns) const;
    /// The spans that end after `ns`.
    [[nodiscard]] std::span<const Span> after(std::uint64_t ns) const;

    /// Asks for one stretch of time after the other: each search begins where the last one ended.
    class Walk {
      public:
        explicit Walk(const TimeSpans& spans) : spans_(&spans) {}
        /// As covered_ns(); `from_ns` is not before the last `to_ns`.
        [[nodiscard]] std::uint64_t covered_ns(std::uint64_t from_ns, std::uint64_t to_ns) {
            const std::uint64_t before_ns = covered_before_ns(from_ns);
            return covered_before_ns(to_ns) - before_ns;
        }

      private:
        std::uint64_t covered_before_ns(std::uint64_t ns);

        const TimeSpans* spans_;
        std::size_t begun_ = 0;  // so many spans begin before what was asked for last
    };

    [[nodiscard]] std::size_t size() const { return spans_.size(); }
    [[nodiscard]] const Span& at(std::size_t place) const { return spans_[place]; }
    /// How many were forgotten: the number of the span at place 0, counted from the first ever.
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }
    [[nodiscard]] std::size_t bytes() const { return spans_.capacity() * sizeof(Span); }

  private:
    [[nodiscard]] std::size_t begun_before(std::uint64_t ns) const;
    [[nodiscard]] std::size_t begun_before(std::uint64_t ns, std::size_t low,
                                           std::size_t high) const;
    [[nodiscard]] std::uint64_t covered_before_ns(std::uint64_t ns) const {
        return sum_before(begun_before(ns), ns);
    }
    /// Before `ns`, before which so many spans begin.
    [[nodiscard]] std::uint64_t sum_before(std::size_t begun, std::uint64_t ns) const;
    void unite_behind(std::uint64_t begin_ns, std::uint64_t end_ns);
    void sum_from(std::size_t place);

    std::size_t most_;
    std::vector<Span> spans_;
    std::uint64_t known_from_ns_ = 0;
    std::uint64_t forgotten_before_ns_ = 0;  // covered by all that was forgotten
    std::uint64_t forgotten_ = 0;
};

/// How much of from..to at least one of `sets` covers. Looks at a set at most `most_looks` times in
/// all; nothing where that is not enough.
std::optional<std::uint64_t> united_ns(std::span<const TimeSpans* const> sets,
                                       std::uint64_t from_ns, std::uint64_t to_ns,
                                       std::size_t most_looks);

}  // namespace rqs
