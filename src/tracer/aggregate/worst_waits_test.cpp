// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/worst_waits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace rqs {
namespace {

Wait wait(std::uint64_t wait_ns, std::uint64_t ts_ns = 0) {
    Wait wait;
    wait.wait_ns = wait_ns;
    wait.ts_ns = ts_ns;
    return wait;
}

TEST(WorstWaits, KeepsTheLongest) {
    std::mt19937 random(1);
    WorstWaits worst(10);
    std::vector<std::uint64_t> all;
    for (int i = 0; i < 1'000; ++i) {
        all.push_back(random());
        worst.add(wait(all.back()), 0);
    }
    std::sort(all.begin(), all.end(), std::greater<>());
    const auto kept = worst.waits();
    ASSERT_EQ(kept.size(), 10U);
    for (std::size_t i = 0; i < kept.size(); ++i) {
        EXPECT_EQ(kept[i].wait.wait_ns, all[i]);
    }
}

TEST(WorstWaits, KeepsAllOfAWait) {
    WorstWaits worst(1);
    Wait long_one = wait(100, 7);
    long_one.why.resize(1);
    worst.add(long_one, -5);
    worst.add(wait(99), 0);
    ASSERT_EQ(worst.waits().size(), 1U);
    EXPECT_EQ(worst.waits()[0].wait.why.size(), 1U);
    EXPECT_EQ(worst.waits()[0].realtime_offset_ns, -5);
}

TEST(WorstWaits, WantsPartsOfCandidatesAlone) {
    WorstWaits worst(2);
    worst.add(wait(100), 0);
    EXPECT_EQ(worst.parts_from_ns(), 0U);
    worst.add(wait(50), 0);
    EXPECT_EQ(worst.parts_from_ns(), 51U);
    worst.add(wait(70), 0);
    EXPECT_EQ(worst.parts_from_ns(), 71U);
}

TEST(WorstWaits, OfEqualOnesTheFirstAreKept) {
    WorstWaits worst(2);
    for (std::uint64_t ts_ns = 1; ts_ns < 5; ++ts_ns) {
        worst.add(wait(UINT64_MAX - 1, ts_ns), 0);
    }
    ASSERT_EQ(worst.waits().size(), 2U);
    EXPECT_EQ(worst.waits()[0].wait.ts_ns, 1U);
    EXPECT_EQ(worst.waits()[1].wait.ts_ns, 2U);
}

}  // namespace
}  // namespace rqs
