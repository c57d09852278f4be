// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/blame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <string>

#include "aggregate/report_for_test.h"
#include "aggregate/summary.h"
#include "util/clock.h"

namespace rqs {
namespace {

Ran run(std::uint64_t position, std::uint32_t pid, std::uint64_t ran_ns) {
    return {0, position, ran_ns, {pid, pid, Comm::from("runner")}, 0, 0};
}

Wait wait_over(const Stretch& stretch) {
    Wait wait;
    wait.stretches = {stretch};
    return wait;
}

BlameOptions options(std::size_t runs_kept) {
    BlameOptions options;
    options.cpus = 2;
    options.runs_kept = runs_kept;
    return options;
}

std::uint64_t blamed_ns(const Blame& blame, std::uint32_t pid) {
    const auto culprits = blame.settled();
    const auto found = culprits.sums().find({Group::Kind::process, pid, {}});
    return found == culprits.sums().end() ? 0 : found->second.ns;
}

TEST(Blame, PartsOfTheFirstAndTheLastRunAndAllBetween) {
    Blame blame(options(8));
    for (std::uint32_t i = 0; i < 5; ++i) {
        blame.ran(run(i, 10 + i, 100 + i));
    }
    blame.add(wait_over({1, 4, 30, 40}), 1, UINT64_MAX);
    EXPECT_EQ(blamed_ns(blame, 10), 0U);
    EXPECT_EQ(blamed_ns(blame, 11), 30U);
    EXPECT_EQ(blamed_ns(blame, 12), 102U);
    EXPECT_EQ(blamed_ns(blame, 13), 103U);
    EXPECT_EQ(blamed_ns(blame, 14), 40U);
    // The same after they have left the circle.
    for (std::uint32_t i = 5; i < 50; ++i) {
        blame.ran(run(i, 99, 1000));
    }
    EXPECT_EQ(blamed_ns(blame, 12), 102U);
    EXPECT_EQ(blamed_ns(blame, 13), 103U);
    EXPECT_EQ(blamed_ns(blame, 99), 0U);
}

TEST(Blame, ReportingChangesNothing) {
    Blame blame(options(8));
    for (std::uint32_t i = 0; i < 6; ++i) {
        blame.ran(run(i, 10, 100));
    }
    blame.add(wait_over({0, 5, 1, 2}), 1, UINT64_MAX);
    EXPECT_EQ(blamed_ns(blame, 10), 403U);
    EXPECT_EQ(blamed_ns(blame, 10), 403U);
}

TEST(Blame, IdlingIsNobodys) {
    Blame blame(options(8));
    blame.ran(run(0, 0, 100));
    blame.ran(run(1, 0, 100));
    blame.ran(run(2, 5, 100));
    blame.ran(run(3, 0, 100));
    blame.add(wait_over({0, 3, 50, 60}), 1, 100);
    EXPECT_EQ(blamed_ns(blame, 0), 0U);
    EXPECT_EQ(blamed_ns(blame, 5), 100U);
}

TEST(Blame, NothingThatIsNotRememberedOrMoreThanWasWaited) {
    Blame blame(options(8));
    for (std::uint32_t i = 0; i < 20; ++i) {
        blame.ran(run(i, 10, 100));
    }
    blame.add(wait_over({11, 13, 1, 1}), 1, UINT64_MAX);  // forgotten
    blame.add(wait_over({18, 20, 1, 1}), 1, UINT64_MAX);  // not told yet
    blame.add(wait_over({15, 14, 1, 1}), 1, UINT64_MAX);
    blame.add(wait_over({14, 16, 1, 1}), 1, 101);  // 102 at least
    blame.add(wait_over({14, 14, 5, 0}), 1, 4);
    Wait elsewhere = wait_over({14, 16, 1, 1});
    elsewhere.cpu = 1;
    blame.add(elsewhere, 1, UINT64_MAX);
    elsewhere.cpu = 7;
    blame.add(elsewhere, 1, UINT64_MAX);
    EXPECT_EQ(blamed_ns(blame, 10), 0U);
    blame.add(wait_over({14, 16, 1, 1}), 1, 102);
    EXPECT_EQ(blamed_ns(blame, 10), 102U);
}

TEST(Blame, AHoleInThePositionsIsNotReachedAcross) {
    Blame blame(options(8));
    for (const std::uint64_t position : {3U, 4U, 5U}) {
        blame.ran(run(position, 10, 100));
    }
    blame.add(wait_over({3, 5, 0, 0}), 1, UINT64_MAX);
    for (const std::uint64_t position : {9U, 10U, 10U, 4U, 11U}) {  // some of them once more
        blame.ran(run(position, 11, 100));
    }
    blame.add(wait_over({5, 9, 1, 1}), 1, UINT64_MAX);
    blame.add(wait_over({9, 11, 0, 0}), 1, UINT64_MAX);
    EXPECT_EQ(blamed_ns(blame, 10), 100U);
    EXPECT_EQ(blamed_ns(blame, 11), 100U);
}

TEST(Blame, NotesDoNotOverflow) {
    constexpr std::uint64_t waits = 200'000;  // beyond what 16 bits hold, in one run
    Blame blame(options(8));
    for (std::uint32_t i = 0; i < 6; ++i) {
        blame.ran(run(i, 10 + i, 1'000'000'000));
    }
    for (std::uint64_t i = 0; i < waits; ++i) {
        blame.add(wait_over({1, 4, 1, 2}), 1, UINT64_MAX);
    }
    for (std::uint32_t i = 6; i < 30; ++i) {
        blame.ran(run(i, 99, 7));
    }
    EXPECT_EQ(blamed_ns(blame, 11), waits);
    EXPECT_EQ(blamed_ns(blame, 12), waits * 1'000'000'000);
    EXPECT_EQ(blamed_ns(blame, 13), waits * 1'000'000'000);
    EXPECT_EQ(blamed_ns(blame, 14), waits * 2);
    EXPECT_EQ(blamed_ns(blame, 99), 0U);
}

TEST(Blame, AReleasedSlotStartsAnewAndItsPastIsLoose) {
    Blame blame(options(8));
    const auto cell = [&](std::size_t slot) {
        const auto culprits = blame.settled();
        return culprits.cell(culprits.sums().at({Group::Kind::process, 10, {}}), slot);
    };
    for (std::uint32_t i = 0; i < 12; ++i) {
        blame.ran(run(i, 10, 100));
        if (i >= 2) {
            blame.add(wait_over({i - 2, i, 3, 4}), 5, UINT64_MAX);
        }
    }
    EXPECT_EQ(cell(5), 1070U);
    blame.release(5);
    EXPECT_EQ(cell(5), 0U);
    EXPECT_EQ(cell(loose_slot), 1070U);
    blame.add(wait_over({6, 8, 3, 4}), 5, UINT64_MAX);
    for (std::uint32_t i = 12; i < 40; ++i) {
        blame.ran(run(i, 11, 100));
    }
    EXPECT_EQ(cell(5), 107U);
    EXPECT_EQ(cell(loose_slot), 1070U);
}

TEST(Blame, ClearForgetsWhatIsPendingButNotTheRuns) {
    Blame blame(options(8));
    for (std::uint32_t i = 0; i < 8; ++i) {
        blame.ran(run(i, 10, 100));
    }
    blame.add(wait_over({0, 7, 0, 0}), 1, UINT64_MAX);
    blame.ran(run(8, 10, 100));
    blame.clear();
    EXPECT_EQ(blamed_ns(blame, 10), 0U);
    blame.add(wait_over({2, 5, 0, 0}), 1, UINT64_MAX);
    for (std::uint32_t i = 9; i < 30; ++i) {
        blame.ran(run(i, 10, 100));
    }
    EXPECT_EQ(blamed_ns(blame, 10), 200U);
}

TEST(Culprits, AreBounded) {
    Culprits culprits(CulpritOptions{});
    culprits.add(run(0, 500'000, 1), 1, 1'000'000'000);
    std::size_t most = 0;
    for (std::uint32_t pid = 1; pid <= 100'000; ++pid) {
        culprits.add(run(0, pid, 1), 1, pid % 1000 + 1);
        most = std::max(most, culprits.sums().size());
    }
    EXPECT_LE(most, 4096U);
    EXPECT_EQ(culprits.folded() + culprits.sums().size(), 100'001U);
    EXPECT_EQ(culprits.sums().at({Group::Kind::process, 500'000, {}}).ns, 1'000'000'000U);
}

TEST(Victims, AreBoundedAndTheLargestHaveSlots) {
    Blame blame(options(8));
    Victims victims(4096);
    std::size_t most = 0;
    std::uint64_t total = 0;
    for (std::uint32_t pid = 1; pid <= 100'000; ++pid) {
        // Ten that wait long come late, when every slot is taken.
        const std::uint64_t ns = pid > 50'000 && pid % 5000 == 0 ? 1'000'000 : pid % 1000 + 1;
        VictimSum& sum = victims.about_to_wait({Group::Kind::process, pid, {}}, ns, blame);
        ++sum.waits;
        sum.ns += ns;
        total += ns;
        most = std::max(most, victims.sums().size());
    }
    EXPECT_LE(most, 4096U);
    std::uint64_t sum = victims.folded().ns;
    std::size_t large = 0;
    for (const auto& [key, victim] : victims.sums()) {
        sum += victim.ns;
        if (victim.ns == 1'000'000) {
            ++large;
            EXPECT_NE(victim.slot, loose_slot);
        }
    }
    EXPECT_EQ(sum, total);
    EXPECT_EQ(large, 10U);
    EXPECT_EQ(victims.folded_count() + victims.sums().size(), 100'000U);
}

TEST(Places, AreTakenByWhoeverIsLargerByAQuarter) {
    Places<2> places;
    const auto key = [](std::uint64_t id) { return GroupKey{Group::Kind::process, id, {}}; };
    ASSERT_EQ(places.offer(1), 0U);
    places.take(0, key(1), 100);
    ASSERT_EQ(places.offer(1), 1U);
    places.take(1, key(2), 200);
    EXPECT_EQ(places.offer(125), Places<2>::none);
    EXPECT_EQ(places.offer(126), 0U);
    places.grow(0, 500);
    EXPECT_EQ(places.offer(250), Places<2>::none);
    EXPECT_EQ(places.offer(251), 1U);
    EXPECT_EQ(places.holder(1), key(2));
    places.free(0);
    EXPECT_FALSE(places.held(0));
    EXPECT_EQ(places.offer(1), 0U);
}

/// The CPU time of many waits over so many runs; the best of several, for others run here too.
std::uint64_t cost_ns(std::uint64_t span) {
    constexpr std::uint64_t history = 16384;
    SummaryOptions options;
    options.cpus = 1;
    options.runs_kept = history;
    Summary summary(options);
    for (std::uint32_t i = 0; i < history; ++i) {
        summary.ran(run(i, 1 + i % 1000, 100));
    }
    std::uint64_t best_ns = UINT64_MAX;
    for (int round = 0; round < 7; ++round) {
        const std::uint64_t before_ns = util::clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (std::uint64_t i = 0; i < 5000; ++i) {
            const std::uint64_t last = history - 1 - i % 1000;
            Wait wait = wait_over({last - span + 1, last, 100, 100});
            wait.task = {1, 1, Comm::from("victim")};
            wait.wait_ns = span * 100;
            wait.sums.contention_ns = wait.wait_ns;
            summary.add(wait);
        }
        best_ns = std::min(best_ns, util::clock_ns(CLOCK_THREAD_CPUTIME_ID) - before_ns);
    }
    const auto report = summary.report(0, 0);
    report_for_test::expect_conserved(report);
    EXPECT_NE(report.culprits.at(0).who.kind, Group::Kind::unknown);
    return best_ns;
}

TEST(Blame, AWaitCostsTheSameHoweverManyRunsItSpans) {
    const std::uint64_t few_ns = cost_ns(10);
    const std::uint64_t many_ns = cost_ns(10'000);
    EXPECT_LE(many_ns, 3 * few_ns);
}

}  // namespace
}  // namespace rqs
