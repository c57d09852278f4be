// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace rqs {
namespace {

Switch run_until(std::uint64_t end_ns, std::uint32_t tid = 7, std::int16_t prio = 120) {
    Switch record;
    record.clock_ns = end_ns;
    record.follows = true;
    record.task = {tid, tid / 10, {}};
    record.prio = prio;
    return record;
}

Switch gap_until(std::uint64_t end_ns, std::uint32_t tid = 7) {
    Switch record = run_until(end_ns, tid);
    record.follows = false;
    return record;
}

Switch counting(Switch record, std::uint64_t irq_ns, std::uint64_t steal_ns) {
    record.irq_ns = irq_ns;
    record.steal_ns = steal_ns;
    return record;
}

bool equal(const TimeSums& a, const TimeSums& b) {
    return a.idle_ns == b.idle_ns && a.irq_ns == b.irq_ns && a.steal_ns == b.steal_ns &&
           a.deadline_ns == b.deadline_ns && a.realtime_ns == b.realtime_ns &&
           a.fair_ns == b.fair_ns;
}

TimeSums between(const Timeline& timeline, std::uint64_t start_ns, std::uint64_t end_ns) {
    TimeSums sums = timeline.at(end_ns).before;
    sums -= timeline.at(start_ns).before;
    return sums;
}

TEST(Timeline, IsEmptyAtFirst) {
    const Timeline timeline(4, true);
    EXPECT_TRUE(timeline.empty());
    EXPECT_EQ(timeline.oldest_ns(), UINT64_MAX);
    EXPECT_EQ(timeline.next_position(), 0U);
    EXPECT_TRUE(timeline.throttlings().empty());
    EXPECT_TRUE(timeline.special_ranks().empty());
}

TEST(Timeline, ARunStartsWhereTheOneBeforeEnded) {
    Timeline timeline(4, false);
    EXPECT_EQ(timeline.add(run_until(1000)), 0U);
    EXPECT_EQ(timeline.add(run_until(1500)), 1U);
    EXPECT_EQ(timeline.run(0).start_ns, 1000U);  // nothing before it: the start is not known
    EXPECT_EQ(timeline.run(0).ran_ns(), 0U);
    EXPECT_EQ(timeline.run(1).start_ns, 1000U);
    EXPECT_EQ(timeline.run(1).end_ns, 1500U);
    EXPECT_EQ(timeline.run(1).ran_ns(), 500U);
}

TEST(Timeline, AGapHidesTheStartAndTheInterrupts) {
    Timeline timeline(4, false);
    timeline.add(run_until(1000));
    timeline.add(counting(gap_until(1500), 40, 30));
    EXPECT_EQ(timeline.run(1).start_ns, 1500U);
    EXPECT_EQ(timeline.run(1).irq_ns + timeline.run(1).steal_ns, 0U);
    timeline.add(counting(run_until(1600), 45, 33));
    EXPECT_EQ(timeline.run(2).start_ns, 1500U);
    EXPECT_EQ(timeline.run(2).irq_ns, 5U);
    EXPECT_EQ(timeline.run(2).steal_ns, 3U);
    EXPECT_EQ(between(timeline, 1000, 1600).total_ns(), 100U);
    EXPECT_EQ(between(timeline, 1200, 1500).total_ns(), 0U);
}

TEST(Timeline, SinceTellsTheStartOfARunThatDoesNotFollow) {
    Timeline timeline(4, false);
    Switch record = counting(gap_until(1500), 40, 30);
    record.since_ns = 1200;
    timeline.add(record);
    EXPECT_EQ(timeline.oldest_ns(), 1200U);
    EXPECT_EQ(timeline.run(0).ran_ns(), 300U);  // interrupts are not known: all of it is the task's
    record = gap_until(1600);
    record.since_ns = 9999;  // after its end: nonsense, and no time
    timeline.add(record);
    EXPECT_EQ(timeline.run(1).start_ns, 1600U);
    record = gap_until(1700);
    record.since_ns = 100;  // somebody else ran then
    timeline.add(record);
    EXPECT_EQ(timeline.run(2).start_ns, 1600U);
}

TEST(Timeline, AClockThatWentBackForgetsWhatWasBefore) {
    Timeline timeline(8, false);
    timeline.add(run_until(1000));
    timeline.add(run_until(2000));
    timeline.add(run_until(900));
    EXPECT_EQ(timeline.run(2).start_ns, 900U);
    EXPECT_EQ(timeline.oldest_position(), 2U);
    EXPECT_EQ(timeline.oldest_ns(), 900U);
    timeline.add(run_until(950));
    EXPECT_EQ(timeline.oldest_ns(), 900U);
    EXPECT_EQ(timeline.at(920).position, 3U);
    EXPECT_EQ(between(timeline, 900, 950).fair_ns, 50U);
}

TEST(Timeline, CountersSinceBootBecomeTimeOfTheRun) {
    constexpr std::uint64_t last = Switch::counter_span_ns - 1;
    Timeline timeline(8, false);
    timeline.add(counting(run_until(1000), last - 9, 700));
    EXPECT_EQ(timeline.run(0).irq_ns, 0U);  // grown since when is not known
    timeline.add(counting(run_until(2000), 30, 690));
    EXPECT_EQ(timeline.run(1).irq_ns, 40U);   // it wrapped
    EXPECT_EQ(timeline.run(1).steal_ns, 0U);  // it went back: no growth
    timeline.add(counting(run_until(2100), 60, 5000));
    EXPECT_EQ(timeline.run(2).irq_ns, 30U);
    EXPECT_EQ(timeline.run(2).steal_ns, 70U);  // no more than interrupts leave of the run
    EXPECT_EQ(timeline.run(2).ran_ns(), 0U);
    timeline.add(counting(run_until(2150), 99999, 99999));
    EXPECT_EQ(timeline.run(3).irq_ns, 50U);
    EXPECT_EQ(timeline.run(3).steal_ns, 0U);
}

TEST(Timeline, SumsTellWhatTimeWasSpentOn) {
    Timeline timeline(16, false);
    timeline.add(run_until(1000));
    timeline.add(run_until(1100, 0));
    timeline.add(run_until(1300, 71, -1));
    timeline.add(run_until(1600, 82, 0));
    timeline.add(run_until(2000, 83, 99));
    timeline.add(counting(run_until(2500, 84, 100), 20, 30));
    const TimeSums sums = between(timeline, 1000, 2500);
    EXPECT_EQ(sums.idle_ns, 100U);
    EXPECT_EQ(sums.deadline_ns, 200U);
    EXPECT_EQ(sums.realtime_ns, 700U);
    EXPECT_EQ(sums.irq_ns, 20U);
    EXPECT_EQ(sums.steal_ns, 30U);
    EXPECT_EQ(sums.fair_ns, 450U);
    EXPECT_EQ(sums.total_ns(), 1500U);
}

TEST(Timeline, APartOfARunHasItsShareOfInterruptsThenOfSteal) {
    Timeline timeline(4, false);
    timeline.add(run_until(1000));
    timeline.add(counting(run_until(2000), 300, 70));
    const TimeSums half = between(timeline, 1000, 1500);
    EXPECT_EQ(half.irq_ns, 150U);
    EXPECT_EQ(half.steal_ns, 35U);
    EXPECT_EQ(half.fair_ns, 315U);
    EXPECT_EQ(timeline.at(1500).done_ns, 315U);
    const TimeSums third = between(timeline, 1000, 1333);
    EXPECT_EQ(third.irq_ns, 99U);    // 333 * 300 / 1000
    EXPECT_EQ(third.steal_ns, 23U);  // 234 * 70 / 700, both rounded down
}

/// Runs of random lengths, tasks and counters; a few gaps. The clock starts at 1000.
class Story {
  public:
    Story(Timeline& timeline, std::uint32_t seed) : timeline_(timeline), random_(seed) {}

    void tell(int runs) {
        for (int i = 0; i < runs; ++i) {
            clock_ns_ += upto(60);
            irq_ns_ += upto(3) == 0 ? upto(50) : 0;
            steal_ns_ += upto(3) == 0 ? upto(50) : 0;
            constexpr std::int16_t prios[] = {120, 120, 120, -1, 50, 51};
            Switch record =
                run_until(clock_ns_, static_cast<std::uint32_t>(upto(40)), prios[upto(5)]);
            record.follows = upto(19) != 0;
            timeline_.add(counting(record, irq_ns_, steal_ns_));
        }
    }
    std::uint64_t upto(std::uint64_t most) {
        return std::uniform_int_distribution<std::uint64_t>(0, most)(random_);
    }
    [[nodiscard]] std::uint64_t some_ns() {
        return timeline_.oldest_ns() + upto(clock_ns_ - timeline_.oldest_ns());
    }
    [[nodiscard]] std::uint64_t clock_ns() const { return clock_ns_; }

  private:
    Timeline& timeline_;
    std::mt19937 random_;
    std::uint64_t clock_ns_ = 1000;
    std::uint64_t irq_ns_ = 0;
    std::uint64_t steal_ns_ = 0;
};

TEST(Timeline, AdjoiningPiecesSumToTheWhole) {
    for (std::uint32_t seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        Timeline timeline(64, false);
        Story story(timeline, seed);
        story.tell(20 + static_cast<int>(seed % 90));
        const std::uint64_t start_ns = story.some_ns();
        TimeSums sum;
        for (std::uint64_t ns = start_ns; ns < story.clock_ns();) {
            const std::uint64_t end_ns = std::min(story.clock_ns(), ns + 1 + story.upto(30));
            const TimeSums piece = between(timeline, ns, end_ns);
            ASSERT_LE(piece.total_ns(), end_ns - ns) << ns;
            for (const std::uint64_t part : {piece.idle_ns, piece.irq_ns, piece.steal_ns,
                                             piece.deadline_ns, piece.realtime_ns, piece.fair_ns}) {
                ASSERT_LE(part, end_ns - ns) << ns;  // no sum ever shrinks
            }
            sum += piece;
            ns = end_ns;
        }
        ASSERT_TRUE(equal(sum, between(timeline, start_ns, story.clock_ns())));
    }
}

// What is known of each run lies between its start and its end, and nothing is lost at a cut.
TEST(Timeline, EveryNanosecondOfAKnownRunIsSpentOnOneThing) {
    Timeline timeline(64, false);
    Story story(timeline, 5);
    story.tell(60);
    for (std::uint64_t position = timeline.oldest_position(); position < 60; ++position) {
        const rqs::Run& run = timeline.run(position);
        for (std::uint64_t ns = run.start_ns; ns < run.end_ns; ++ns) {
            ASSERT_EQ(between(timeline, ns, ns + 1).total_ns(), 1U) << ns;
        }
    }
}

TEST(Timeline, PositionAtFindsWhatAtFinds) {
    for (std::uint32_t seed = 0; seed < 50; ++seed) {
        Timeline timeline(64, false);
        Story story(timeline, seed);
        story.tell(40 + static_cast<int>(seed) * 3);
        for (int i = 0; i < 100; ++i) {
            const std::uint64_t ns = story.some_ns();
            const std::uint64_t position = timeline.at(ns).position;
            const std::uint64_t oldest = timeline.oldest_position();
            ASSERT_EQ(timeline.position_at(ns, oldest), position) << ns;
            ASSERT_EQ(timeline.position_at(ns, oldest + story.upto(position - oldest)), position);
        }
    }
}

// What was run by whom after a moment, run by run.
std::uint64_t ran_after(const Timeline& timeline, std::uint64_t ns, auto&& counts) {
    const Timeline::Point from = timeline.at(ns);
    std::uint64_t sum = 0;
    for (std::uint64_t at = from.position; at < timeline.next_position(); ++at) {
        const rqs::Run& run = timeline.run(at);
        if (run.task.tid != 0 && counts(run)) {
            sum += run.ran_ns() - (at == from.position ? from.done_ns : 0);
        }
    }
    return sum;
}

TEST(Timeline, SumsByTaskAndRankStartInTheMiddleOfARun) {
    for (std::uint32_t seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE(seed);
        Timeline timeline(32, true);
        Story story(timeline, seed);
        story.tell(10 + static_cast<int>(seed));
        for (int i = 0; i < 40; ++i) {
            const std::uint64_t ns = story.some_ns();
            const Timeline::Point from = timeline.at(ns);
            const auto id = static_cast<std::uint32_t>(story.upto(40));
            const std::uint32_t pid = id / 10;
            constexpr std::int16_t prios[] = {120, -1, 50, 51};
            const Rank rank = rank_of(prios[story.upto(3)]);
            const auto of_rank = [&](const rqs::Run& run) { return rank_of(run.prio) == rank; };
            if (rank != rank_fair) {
                ASSERT_EQ(timeline.rank_ns(rank, from), ran_after(timeline, ns, of_rank));
            }
            const auto its = [&](const rqs::Run& run) {
                return of_rank(run) && run.task.pid == pid;
            };
            const std::uint64_t later_ns = std::max(ns, story.some_ns());
            ASSERT_EQ(timeline.process_ns(pid, rank, from, timeline.at(later_ns)),
                      ran_after(timeline, ns, its) - ran_after(timeline, later_ns, its));
            ASSERT_EQ(timeline.thread_ns(id, rank, from),
                      ran_after(timeline, ns, [&](const rqs::Run& run) {
                          return of_rank(run) && run.task.tid == id;
                      }));
        }
    }
}

TEST(Timeline, SpecialRanksAscend) {
    Timeline timeline(4, false);
    std::uint64_t clock_ns = 0;
    for (const int prio : {120, 50, -1, 99, 50, 100, 139, 0}) {
        timeline.add(run_until(clock_ns += 10, 7, static_cast<std::int16_t>(prio)));
    }
    timeline.add(run_until(clock_ns + 10, 0, 20));  // the idle task has no rank
    EXPECT_EQ(timeline.special_ranks(),
              (std::vector<Rank>{rank_deadline, rank_of(0), rank_of(50), rank_of(99)}));
}

TEST(Timeline, RemembersAsManyRunsAsItsCapacity) {
    for (const std::size_t capacity : {2U, 4U, 64U}) {
        SCOPED_TRACE(capacity);
        Timeline timeline(capacity, true);
        for (std::uint32_t i = 0; i < 300; ++i) {
            timeline.add(run_until(std::uint64_t{i} * 10, i));
            const std::uint64_t kept = std::min<std::uint64_t>(i + 1, capacity);
            ASSERT_EQ(timeline.oldest_position(), i + 1 - kept);
        }
        EXPECT_EQ(timeline.next_position(), 300U);
        EXPECT_EQ(timeline.oldest_ns(), (300 - capacity - 1) * 10);
        for (std::uint64_t at = timeline.oldest_position(); at < 300; ++at) {
            ASSERT_EQ(timeline.run(at).task.tid, at);
        }
        EXPECT_EQ(between(timeline, timeline.oldest_ns(), 2990).fair_ns, capacity * 10);
    }
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
        {"one, released at once", {0, 42, 1000, 300, 300, 600}, 700, 1000, true},
        {"one, released a while before it was found", {0, 42, 1000, 300, 500, 400}, 500, 800, true},
        {"several: somewhere since the last look", {0, 42, 1000, 300, 100, 250}, 250, 1000, false},
        {"longer than the clock has run", {0, 42, 1000, 5000, 10, 0}, 0, 1000, false},
        {"began before the clock", {0, 42, 1000, 300, 5000, 0}, 0, 300, true},
        {"first look", {0, 42, 1000, std::nullopt, 400, 0}, 600, 1000, false},
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.what);
        Timeline timeline(4, false);
        timeline.add_throttling(row.look);
        ASSERT_EQ(timeline.throttlings().size(), 1U);
        EXPECT_EQ(timeline.throttlings()[0].group, 42U);
        EXPECT_EQ(timeline.throttlings()[0].start_ns, row.start_ns);
        EXPECT_EQ(timeline.throttlings()[0].end_ns, row.end_ns);
        EXPECT_EQ(timeline.throttlings()[0].certain, row.certain);
    }
}

TEST(Timeline, MemoryForThrottlingsIsBounded) {
    Timeline timeline(4, false);
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        timeline.add_throttling({0, 1, 1000 + i, 1, 1, 0});
    }
    EXPECT_LE(timeline.throttlings().size(), 256U);
    EXPECT_GE(timeline.throttlings().size(), 128U);
    EXPECT_EQ(timeline.throttlings().back().end_ns, 100'999U);
}

}  // namespace
}  // namespace rqs
