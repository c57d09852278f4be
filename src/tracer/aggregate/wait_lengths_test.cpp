// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/wait_lengths.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace rqs {
namespace {

TEST(WaitLengths, EachLengthIsWithinTheEdgesOfItsBucket) {
    for (const std::uint64_t ns :
         {std::uint64_t{0}, std::uint64_t{999}, std::uint64_t{1'000}, std::uint64_t{1'999},
          std::uint64_t{2'000}, std::uint64_t{1'023'999}, std::uint64_t{1'024'000}, UINT64_MAX}) {
        WaitLengths lengths;
        lengths.add(ns);
        const auto [first, end] = lengths.used();
        ASSERT_EQ(end, first + 1) << ns;
        EXPECT_EQ(lengths.count(first), 1U);
        EXPECT_LE(WaitLengths::from_ns(first), ns);
        EXPECT_GE(WaitLengths::to_ns(first) - (ns == UINT64_MAX ? 0 : 1), ns);
    }
}

TEST(WaitLengths, BucketsFollowEachOtherWithoutAGap) {
    EXPECT_EQ(WaitLengths::from_ns(0), 0U);
    for (std::size_t i = 0; i + 1 < WaitLengths::size; ++i) {
        EXPECT_EQ(WaitLengths::to_ns(i), WaitLengths::from_ns(i + 1));
    }
    EXPECT_EQ(WaitLengths::to_ns(WaitLengths::size - 1), UINT64_MAX);
}

TEST(WaitLengths, NothingIsUsedAtFirst) {
    const auto [first, end] = WaitLengths().used();
    EXPECT_EQ(first, end);
}

}  // namespace
}  // namespace rqs
