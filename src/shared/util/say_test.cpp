// SPDX-License-Identifier: BSD-2-Clause
#include "util/say.h"

#include <gtest/gtest.h>

namespace rqs::util {
namespace {

constexpr std::uint64_t second_ns = SayAtMost::second_ns;

TEST(SayAtMost, SpeaksAtOnceAndThenOnceASecond) {
    SayAtMost notice;
    const std::uint64_t start_ns = 5 * second_ns;
    EXPECT_TRUE(notice.allowed(start_ns));
    EXPECT_FALSE(notice.allowed(start_ns));
    EXPECT_FALSE(notice.allowed(start_ns + second_ns - 1));
    EXPECT_TRUE(notice.allowed(start_ns + second_ns));
}

TEST(SayAtMost, CountsFromWhenItLastSpoke) {
    SayAtMost notice;
    EXPECT_TRUE(notice.allowed(0));  // the clock's zero is a time like any other
    EXPECT_TRUE(notice.allowed(second_ns + second_ns / 2));
    EXPECT_FALSE(notice.allowed(2 * second_ns));
    EXPECT_TRUE(notice.allowed(3 * second_ns));
}

TEST(SayAtMost, TakesAnotherInterval) {
    SayAtMost notice(10);
    EXPECT_TRUE(notice.allowed(1));
    EXPECT_FALSE(notice.allowed(10));
    EXPECT_TRUE(notice.allowed(11));
}

}  // namespace
}  // namespace rqs::util
