// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/affinities.h"

#include <gtest/gtest.h>

#include <vector>

namespace rqs {
namespace {

using Cpus = std::vector<std::uint32_t>;

Affinity may(std::uint32_t tid, std::uint64_t mask) {
    return {0, tid, {mask}};
}

TEST(Affinities, AreNotKnownUntilAnyWasTold) {
    Affinities affinities(4);
    EXPECT_FALSE(affinities.of(7).known);
    affinities.add(may(5, 0b0010));
    EXPECT_TRUE(affinities.of(7).known);
    EXPECT_EQ(affinities.of(7).cpus, nullptr);
    ASSERT_NE(affinities.of(5).cpus, nullptr);
    EXPECT_EQ(*affinities.of(5).cpus, Cpus{1});
}

TEST(Affinities, AllCpusAreNoRestriction) {
    Affinities affinities(4);
    affinities.add(may(5, 0b0110));
    EXPECT_EQ(*affinities.of(5).cpus, (Cpus{1, 2}));
    affinities.add(may(5, 0xff));
    EXPECT_TRUE(affinities.of(5).known);
    EXPECT_EQ(affinities.of(5).cpus, nullptr);
    EXPECT_EQ(affinities.threads(), 0U);
}

TEST(Affinities, AreInheritedAndEndWithTheThread) {
    Affinities affinities(4);
    affinities.add(may(5, 0b1000));
    affinities.add(Fork{0, {5, 5, {}}, {6, 6, {}}});
    EXPECT_EQ(*affinities.of(6).cpus, Cpus{3});
    affinities.add(Exit{0, {6, 6, {}}});
    EXPECT_EQ(affinities.of(6).cpus, nullptr);
    // A number is given again, by a parent that may run anywhere.
    affinities.add(Fork{0, {9, 9, {}}, {5, 5, {}}});
    EXPECT_EQ(affinities.of(5).cpus, nullptr);
}

TEST(Affinities, ThreadsThatFindNoRoomAreSaidToBeUnknown) {
    Affinities affinities(4);
    for (std::uint32_t tid = 1; tid <= Affinities::most_threads; ++tid) {
        affinities.add(may(tid, 0b0001));
    }
    EXPECT_TRUE(affinities.of(100'000).known);
    affinities.add(may(99'999, 0b0010));
    EXPECT_EQ(affinities.threads(), Affinities::most_threads);
    EXPECT_FALSE(affinities.of(99'999).known);
    EXPECT_FALSE(affinities.of(100'000).known);
    EXPECT_TRUE(affinities.of(1).known);
}

TEST(Affinities, SetsThatFindNoRoomAreSaidToBeUnknown) {
    Affinities affinities(16);
    for (std::uint64_t mask = 1; mask <= Affinities::most_sets; ++mask) {
        affinities.add(may(static_cast<std::uint32_t>(mask), mask));
    }
    affinities.add(may(5000, 0x8001));
    EXPECT_EQ(affinities.sets(), Affinities::most_sets);
    EXPECT_FALSE(affinities.of(5000).known);
    ASSERT_NE(affinities.of(5000).cpus, nullptr);
    EXPECT_TRUE(affinities.of(5000).cpus->empty());
    affinities.add(may(5000, 1));
    EXPECT_TRUE(affinities.of(5000).known);
}

}  // namespace
}  // namespace rqs
