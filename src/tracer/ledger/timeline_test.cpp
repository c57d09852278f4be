// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/timeline.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace rqs {
namespace {

Switch run_until(std::uint32_t seq, std::uint64_t end_ns, std::uint32_t tid = 7) {
    Switch entry;
    entry.seq = seq;
    entry.run.end_ns = end_ns;
    entry.run.task.tid = tid;
    return entry;
}

TEST(Timeline, IsEmptyAtFirst) {
    const Timeline timeline(4);
    EXPECT_EQ(timeline.newest(), nullptr);
    EXPECT_FALSE(timeline.newest_seq());
    EXPECT_TRUE(timeline.throttlings().empty());
}

TEST(Timeline, ARunStartsWhereTheOneBeforeEnded) {
    Timeline timeline(4);
    timeline.add(run_until(10, 1000));
    timeline.add(run_until(11, 1500));
    ASSERT_NE(timeline.newest(1), nullptr);
    EXPECT_FALSE(timeline.newest(1)->start_known);
    EXPECT_TRUE(timeline.newest()->start_known);
    EXPECT_EQ(timeline.newest()->start_ns, 1000U);
    EXPECT_EQ(timeline.newest()->end_ns, 1500U);
    EXPECT_EQ(timeline.newest_seq(), 11U);
    EXPECT_EQ(timeline.newest(2), nullptr);
}

TEST(Timeline, AGapHidesTheStartAndTheInterruptTime) {
    Timeline timeline(4);
    timeline.add(run_until(1, 1000));
    Switch late = run_until(3, 1500);
    late.run.irq_ns = 40;
    late.run.steal_ns = 30;
    timeline.add(late);
    EXPECT_FALSE(timeline.newest()->start_known);
    EXPECT_EQ(timeline.newest()->irq_ns, 0U);
    EXPECT_EQ(timeline.newest()->steal_ns, 0U);
    timeline.add(run_until(4, 1600));
    EXPECT_TRUE(timeline.newest()->start_known);
    EXPECT_EQ(timeline.newest()->start_ns, 1500U);
}

TEST(Timeline, SeqWrapsAround) {
    constexpr auto last = std::numeric_limits<std::uint32_t>::max();
    Timeline timeline(4);
    timeline.add(run_until(last - 1, 10));
    timeline.add(run_until(last, 20));
    timeline.add_throttling({0, 1, 20, 5, 5, 0});
    timeline.add(run_until(1, 30));
    EXPECT_TRUE(timeline.newest(1)->start_known);
    EXPECT_TRUE(timeline.newest(0)->start_known);
    EXPECT_EQ(timeline.newest(0)->start_ns, 20U);
    EXPECT_EQ(timeline.newest_seq(), 1U);
}

TEST(Timeline, AClockThatWentBackIsAGap) {
    Timeline timeline(4);
    timeline.add(run_until(1, 1000));
    timeline.add(run_until(2, 900));
    EXPECT_FALSE(timeline.newest()->start_known);
    EXPECT_EQ(timeline.newest()->start_ns, 900U);
}

TEST(Timeline, CountersSinceBootBecomeTimeOfTheRun) {
    Timeline timeline(4);
    Switch entry = run_until(1, 1000);
    entry.run.irq_ns = 5000;
    entry.run.steal_ns = 700;
    timeline.add(entry);
    EXPECT_EQ(timeline.newest()->irq_ns, 0U);
    entry = run_until(2, 2000);
    entry.run.irq_ns = 5040;
    entry.run.steal_ns = 690;  // a counter that went back counts as nothing
    timeline.add(entry);
    EXPECT_EQ(timeline.newest()->irq_ns, 40U);
    EXPECT_EQ(timeline.newest()->steal_ns, 0U);
}

TEST(Timeline, AThrottlingTakesAPlaceAndNoTime) {
    Timeline timeline(4);
    Switch entry = run_until(1, 1000);
    entry.run.irq_ns = 10;
    timeline.add(entry);
    timeline.add_throttling({2, 99, 1000, 300, 400, 0});
    EXPECT_EQ(timeline.newest_seq(), 1U);
    entry = run_until(3, 1200);
    entry.run.irq_ns = 15;
    timeline.add(entry);
    EXPECT_TRUE(timeline.newest()->start_known);
    EXPECT_EQ(timeline.newest()->start_ns, 1000U);
    EXPECT_EQ(timeline.newest()->irq_ns, 5U);
}

TEST(Timeline, AThrottlingAfterAGapHidesTheNextStart) {
    Timeline timeline(4);
    timeline.add(run_until(1, 1000));
    timeline.add_throttling({3, 99, 1100, 10, 10, 0});
    timeline.add(run_until(4, 1200));
    EXPECT_FALSE(timeline.newest()->start_known);
}

struct Placed {
    const char* what;
    ThrottleLook look;
    std::uint64_t start_ns;
    std::uint64_t end_ns;
    bool certain;
};

TEST(Timeline, ThrottlingsArePlacedWhereThatIsKnown) {
    const std::vector<Placed> table{
        {"one, released at once", {1, 42, 1000, 300, 300, 600}, 700, 1000, true},
        {"one, released a while before it was found", {1, 42, 1000, 300, 500, 400}, 500, 800, true},
        {"several: somewhere since the last look", {1, 42, 1000, 300, 100, 250}, 250, 1000, false},
        {"longer than the clock has run", {1, 42, 1000, 5000, 10, 0}, 0, 1000, false},
        {"began before the clock", {1, 42, 1000, 300, 5000, 0}, 0, 300, true},
        {"first look", {1, 42, 1000, std::nullopt, 400, 0}, 600, 1000, false},
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.what);
        Timeline timeline(4);
        timeline.add_throttling(row.look);
        ASSERT_EQ(timeline.throttlings().size(), 1U);
        EXPECT_EQ(timeline.throttlings()[0].group, 42U);
        EXPECT_EQ(timeline.throttlings()[0].start_ns, row.start_ns);
        EXPECT_EQ(timeline.throttlings()[0].end_ns, row.end_ns);
        EXPECT_EQ(timeline.throttlings()[0].certain, row.certain);
    }
}

TEST(Timeline, RemembersAtLeastItsCapacity) {
    for (const std::size_t capacity : {0U, 1U, 2U, 5U, 64U}) {
        SCOPED_TRACE(capacity);
        Timeline timeline(capacity);
        for (std::uint32_t seq = 0; seq < 300; ++seq) {
            timeline.add(run_until(seq, seq * 10, seq));
        }
        for (std::size_t back = 0; back < capacity; ++back) {
            ASSERT_NE(timeline.newest(back), nullptr);
            EXPECT_EQ(timeline.newest(back)->task.tid, 299 - back);
        }
        EXPECT_EQ(timeline.newest(300), nullptr);
    }
}

TEST(Timeline, MemoryForThrottlingsIsBounded) {
    Timeline timeline(4);
    for (std::uint32_t seq = 0; seq < 100'000; ++seq) {
        timeline.add_throttling({seq, 1, 1000 + seq, 1, 1, 0});
    }
    EXPECT_LE(timeline.throttlings().size(), 256U);
    EXPECT_GE(timeline.throttlings().size(), 128U);
    EXPECT_EQ(timeline.throttlings().back().end_ns, 100'999U);
}

}  // namespace
}  // namespace rqs
