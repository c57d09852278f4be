// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/words.h"

#include <gtest/gtest.h>

namespace rqs::sinks {
namespace {

TEST(Words, DurationsAreRounded) {
    EXPECT_EQ(duration_words(0), "0 ns");
    EXPECT_EQ(duration_words(999), "999 ns");
    EXPECT_EQ(duration_words(64'400), "64 us");
    EXPECT_EQ(duration_words(99'500), "0.1 ms");
    EXPECT_EQ(duration_words(12'149'999), "12.1 ms");
    EXPECT_EQ(duration_words(9'999'999'999), "10000.0 ms");
    EXPECT_EQ(duration_words(12'345'000'000), "12.3 s");
}

TEST(Words, SumsAreSecondsFromOneOn) {
    EXPECT_EQ(total_words(999'949'999), "999.9 ms");
    EXPECT_EQ(total_words(1'000'000'000), "1.0 s");
    EXPECT_EQ(total_words(83'456'789'012), "83.5 s");
}

TEST(Words, APartIsNeverNothingNorAll) {
    EXPECT_EQ(rough_percent(0, 10), "0");
    EXPECT_EQ(rough_percent(1, 1'000'000), "less than 1");
    EXPECT_EQ(rough_percent(1, 3), "33");
    EXPECT_EQ(rough_percent(999'999, 1'000'000), "99");
    EXPECT_EQ(rough_percent(7, 7), "100");
}

}  // namespace
}  // namespace rqs::sinks
