// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/time_spans.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace rqs {
namespace {

constexpr std::size_t plenty = 1000;

TEST(TimeSpans, CoverWhatWasAppended) {
    TimeSpans spans(plenty);
    EXPECT_EQ(spans.covered_ns(0, 100), 0U);
    spans.append(10, 20);
    spans.append(20, 30);
    spans.append(40, 50);
    spans.append(60, 60);  // is none
    EXPECT_EQ(spans.size(), 3U);
    EXPECT_EQ(spans.covered_ns(0, 100), 30U);
    EXPECT_EQ(spans.covered_ns(15, 45), 20U);
    EXPECT_EQ(spans.covered_ns(30, 40), 0U);
    EXPECT_EQ(spans.covered_ns(45, 45), 0U);
    EXPECT_EQ(spans.covered_ns(45, 40), 0U);
}

TEST(TimeSpans, GoOnWhereTheyAreOpenedAgainAtOnce) {
    TimeSpans spans(plenty);
    spans.open(10);
    EXPECT_EQ(spans.covered_ns(0, 15), 5U);
    spans.close(20);
    spans.open(20);
    spans.close(30);
    EXPECT_EQ(spans.size(), 1U);
    spans.open(40);
    spans.close(40);
    EXPECT_EQ(spans.size(), 1U);
    EXPECT_EQ(spans.covered_ns(0, 100), 20U);
}

TEST(TimeSpans, FindTheirNeighbours) {
    TimeSpans spans(plenty);
    spans.append(10, 20);
    spans.append(30, 40);
    EXPECT_EQ(spans.last_before(10), nullptr);
    EXPECT_EQ(spans.last_before(11)->begin_ns, 10U);
    EXPECT_EQ(spans.last_before(99)->begin_ns, 30U);
    EXPECT_EQ(spans.after(0).size(), 2U);
    EXPECT_EQ(spans.after(19).size(), 2U);
    ASSERT_EQ(spans.after(20).size(), 1U);
    EXPECT_EQ(spans.after(20).front().begin_ns, 30U);
    EXPECT_TRUE(spans.after(40).empty());
}

TEST(TimeSpans, ForgetTheirOlderHalf) {
    TimeSpans spans(4);
    for (std::uint64_t i = 0; i < 4; ++i) {
        spans.append(i * 10, i * 10 + 5);
    }
    ASSERT_TRUE(spans.full());
    EXPECT_EQ(spans.half_ns(), 15U);
    EXPECT_EQ(spans.forget_half(), 15U);
    EXPECT_EQ(spans.known_from_ns(), 15U);
    EXPECT_EQ(spans.size(), 2U);
    EXPECT_EQ(spans.forgotten(), 2U);
    EXPECT_EQ(spans.covered_ns(0, 100), 10U);
    spans.append(40, 45);
    EXPECT_EQ(spans.covered_ns(0, 100), 15U);
    spans.unite(0, 16);  // of which 15..16 is remembered
    EXPECT_EQ(spans.covered_ns(0, 100), 16U);
}

/// A nanosecond is covered or it is not.
class Reference {
  public:
    void add(std::uint64_t begin, std::uint64_t end) {
        std::fill(covered_.begin() + static_cast<std::ptrdiff_t>(begin),
                  covered_.begin() + static_cast<std::ptrdiff_t>(end), true);
    }
    [[nodiscard]] std::uint64_t covered_ns(std::uint64_t from, std::uint64_t to) const {
        return static_cast<std::uint64_t>(
            std::count(covered_.begin() + static_cast<std::ptrdiff_t>(from),
                       covered_.begin() + static_cast<std::ptrdiff_t>(to), true));
    }
    void unite(const Reference& other) {
        for (std::size_t ns = 0; ns < covered_.size(); ++ns) {
            covered_[ns] = covered_[ns] || other.covered_[ns];
        }
    }

  private:
    std::vector<bool> covered_ = std::vector<bool>(2000);
};

TEST(TimeSpans, UniteWhateverComes) {
    std::mt19937 random(3);
    const auto any = [&](std::uint64_t from, std::uint64_t to) {
        return std::uniform_int_distribution<std::uint64_t>(from, to)(random);
    };
    for (int round = 0; round < 100; ++round) {
        TimeSpans spans(plenty);
        Reference reference;
        std::uint64_t end = 100;
        for (int i = 0; i < 60; ++i) {
            end += any(0, 20);
            const std::uint64_t late = any(0, 4) == 0 ? any(0, 90) : 0;  // not in order of ends
            const std::uint64_t length = any(0, any(0, 3) == 0 ? 90 : 8);
            const std::uint64_t until = end - late;
            spans.unite(until - std::min(until, length), until);
            reference.add(until - std::min(until, length), until);
            const std::uint64_t from = any(0, 1900);
            const std::uint64_t to = any(from, 1999);
            ASSERT_EQ(spans.covered_ns(from, to), reference.covered_ns(from, to)) << round;
            ASSERT_EQ(spans.covered_ns(0, 1999), reference.covered_ns(0, 1999)) << round;
        }
    }
}

TEST(TimeSpans, UnitedWithOthersTheyCountOnce) {
    std::mt19937 random(4);
    const auto any = [&](std::uint64_t from, std::uint64_t to) {
        return std::uniform_int_distribution<std::uint64_t>(from, to)(random);
    };
    for (int round = 0; round < 100; ++round) {
        std::vector<TimeSpans> sets(any(1, 5), TimeSpans(plenty));
        Reference reference;
        std::vector<const TimeSpans*> pointers;
        for (TimeSpans& set : sets) {
            for (std::uint64_t at = any(0, 50); at < 1900;) {
                const std::uint64_t end = at + any(0, 40);
                set.append(at, end);
                reference.add(at, end);
                at = end + any(0, 200);
            }
            pointers.push_back(&set);
        }
        const std::uint64_t from = any(0, 1900);
        const std::uint64_t to = any(from, 1999);
        EXPECT_EQ(united_ns(pointers, from, to, 1'000'000), reference.covered_ns(from, to));
    }
}

TEST(TimeSpans, AWalkFindsWhatSearchesFind) {
    std::mt19937 random(5);
    const auto any = [&](std::uint64_t from, std::uint64_t to) {
        return std::uniform_int_distribution<std::uint64_t>(from, to)(random);
    };
    for (int round = 0; round < 100; ++round) {
        TimeSpans spans(64);
        for (std::uint64_t at = 0; at < 2000; at += any(1, 60)) {
            if (spans.full()) {
                spans.forget_half();
            }
            spans.append(at, at + any(0, 1));
        }
        TimeSpans::Walk walk(spans);
        for (std::uint64_t from = any(0, 500); from < 2000;) {
            const std::uint64_t to = from + any(0, any(0, 3) == 0 ? 400 : 20);
            ASSERT_EQ(walk.covered_ns(from, to), spans.covered_ns(from, to));
            from = to + any(0, 50);
        }
    }
}

TEST(TimeSpans, UnitingEndsWhereItWouldTakeTooLong) {
    TimeSpans a(plenty);
    TimeSpans b(plenty);
    for (std::uint64_t at = 0; at < 1000; at += 10) {
        a.append(at, at + 2);
        b.append(at + 5, at + 7);
    }
    const std::array<const TimeSpans*, 2> both{&a, &b};
    EXPECT_EQ(united_ns(both, 0, 1000, 10'000), 400U);
    EXPECT_EQ(united_ns(both, 0, 1000, 100), std::nullopt);
    EXPECT_EQ(united_ns({}, 0, 1000, 0), 0U);
}

}  // namespace
}  // namespace rqs
