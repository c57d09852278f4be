// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/histogram.h"

#include <gtest/gtest.h>

namespace rqs::pkg {
namespace {

TEST(Log2Histogram, LooksAsTheBpfToolsDrawIt) {
    std::string out;
    append_log2_histogram(out, {1, 8, 138, 512, 1029, 16, 0, 0}, "usecs");
    EXPECT_EQ(out,
              "     usecs               : count    distribution\n"
              "         0 -> 1          : 1        |                                        |\n"
              "         2 -> 3          : 8        |                                        |\n"
              "         4 -> 7          : 138      |*****                                   |\n"
              "         8 -> 15         : 512      |*******************                     |\n"
              "        16 -> 31         : 1029     |****************************************|\n"
              "        32 -> 63         : 16       |                                        |\n");
}

TEST(Log2Histogram, IsSilentWithoutCounts) {
    std::string out;
    append_log2_histogram(out, {0, 0, 0}, "usecs");
    append_log2_histogram(out, {}, "usecs");
    EXPECT_EQ(out, "");
}

TEST(Log2Histogram, GrowsWiderBeyond33Slots) {
    std::vector<std::uint64_t> slots(64, 0);
    slots.back() = UINT64_MAX;
    std::string out;
    append_log2_histogram(out, slots, "nsecs");
    EXPECT_NE(out.find(" 9223372036854775808 -> 18446744073709551615 : 18446744073709551615 "
                       "|********************|\n"),
              std::string::npos)
        << out;
}

TEST(Log2Histogram, MakesItsUnitHarmless) {
    std::string out;
    append_log2_histogram(out, {1}, "\x1b[31m");
    EXPECT_EQ(out.find('\x1b'), std::string::npos);
}

TEST(LinearHistogram, CountsEachValue) {
    std::string out;
    append_linear_histogram(out, {0, 2, 1, 0}, "depth");
    EXPECT_EQ(out,
              "     depth         : count     distribution\n"
              "        0          : 0        |                                        |\n"
              "        1          : 2        |****************************************|\n"
              "        2          : 1        |********************                    |\n");
}

}  // namespace
}  // namespace rqs::pkg
