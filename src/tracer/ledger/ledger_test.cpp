// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "ledger/parts_for_test.h"
#include "ledger/scene_for_test.h"

namespace rqs {
namespace {

using namespace parts_for_test;

TEST(Ledger, WhollyInsideOneRun) {
    Scene scene;
    scene.runs(71, 100).runs(82, 1000).window_of(400);
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 400}}));
    EXPECT_EQ(scene.wait.cause, Cause::contention);
}

TEST(Ledger, SharesTheWaitAmongThoseWhoRan) {
    Scene scene;
    scene.runs(71, 100).runs(82, 1000).runs(93, 50).runs(82, 30).runs(0, 20).window_of(700);
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 630}, {ran(93), 50}, {of(PartKind::idle), 20}}));
}

TEST(Ledger, TheFirstRunCountsAsFarAsTheWaitReachesIntoIt) {
    Scene scene;
    scene.runs(71, 100).runs(82, 1000).runs(93, 50).window_of(51);
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 1}, {ran(93), 50}}));
    scene.window_of(50);
    EXPECT_EQ(scene.explain(), (Parts{{ran(93), 50}}));
}

TEST(Ledger, AWaitOfNothingHasNoParts) {
    Scene scene;
    scene.runs(71, 100).window_of(0);
    EXPECT_TRUE(scene.explain().empty());
}

TEST(Ledger, RelationsGoByProcessThenByCgroup) {
    Scene scene;
    scene.wait.task = {128, 120, {}};
    scene.wait.sched_cgroup_id = 1;
    scene.runs(71, 10).runs(125, 40).runs(131, 30).runs(945, 20).window_of(90);
    scene.explain();
    ASSERT_EQ(scene.wait.why.size(), 3U);
    EXPECT_EQ(scene.wait.why[0].relation, Relation::self);
    EXPECT_EQ(scene.wait.why[1].relation, Relation::sibling);
    EXPECT_EQ(scene.wait.why[2].relation, Relation::foreign);
    EXPECT_EQ(scene.wait.why[2].task.pid, 940U);
    EXPECT_EQ(scene.wait.why[2].cgroup_id, 9U);
    EXPECT_EQ(scene.wait.cause, Cause::contention);  // 30 + 20 against 40
}

TEST(Ledger, AKernelThreadIsNobodysSibling) {
    Timeline timeline(4, true);
    Switch record;
    record.follows = true;
    timeline.add(record);
    record.clock_ns = 100;
    record.task = {5, 5, Comm::from("kworker/0:1")};
    record.kernel_thread = true;
    record.cgroup_id = 1;
    timeline.add(record);
    Wait wait;
    wait.task = {77, 77, {}};
    wait.sched_cgroup_id = 1;
    wait.wait_ns = 60;
    Ledger ledger(everything);
    ledger.explain(timeline, {40, 100, 0, 0}, wait);
    expect_conserved(wait);
    ASSERT_EQ(wait.why.size(), 1U);
    EXPECT_EQ(wait.why[0].relation, Relation::foreign);
    EXPECT_TRUE(wait.why[0].kernel_thread);
    EXPECT_EQ(wait.why[0].task.comm.view(), "kworker/0:1");
}

TEST(Ledger, WhatTheHistoryLostIsUnknown) {
    Scene scene;
    scene.runs(71, 100).gap(500).runs(82, 200).runs(93, 50).window_of(600);
    EXPECT_EQ(scene.explain(), (Parts{{ran(93), 50}, {of(PartKind::unknown), 550}}));
}

TEST(Ledger, WhatWasKnownBeforeAGapStaysKnown) {
    Scene scene;
    scene.runs(60, 10).runs(71, 100).gap(500).runs(82, 200).runs(93, 50).window_of(800);
    EXPECT_EQ(scene.explain(), (Parts{{ran(93), 50}, {of(PartKind::unknown), 700}, {ran(71), 50}}));
}

TEST(Ledger, ATaskIsBlamedForTheClassItHad) {
    Scene scene;
    scene.runs(71, 100).at(49).runs(51, 190).at(120).runs(51, 1).window_of(191);
    scene.explain();
    ASSERT_EQ(scene.wait.why.size(), 2U);
    EXPECT_EQ(scene.wait.why[0].ns, 190U);
    EXPECT_EQ(scene.wait.why[0].prio, 49);
    EXPECT_EQ(scene.wait.why[1].ns, 1U);
    EXPECT_EQ(scene.wait.cause, Cause::realtime);
}

TEST(Ledger, ATaskThatChangesItsPriorityWithinAClassIsOnePart) {
    Scene scene;
    scene.runs(71, 100).at(49).runs(51, 30).at(20).runs(51, 20).at(-1).runs(51, 5).window_of(55);
    EXPECT_EQ(scene.explain(), (Parts{{ran(51), 55}}));
    EXPECT_EQ(scene.wait.why.size(), 1U);
}

TEST(Ledger, NothingToldAtAllIsUnknown) {
    Scene scene;
    scene.window_of(600, 30);
    EXPECT_EQ(scene.explain(),
              (Parts{{of(PartKind::elsewhere), 30}, {of(PartKind::unknown), 600}}));
    EXPECT_EQ(scene.wait.cause, Cause::unknown);
}

TEST(Ledger, ForgottenRunsAreUnknown) {
    Scene scene;  // remembers 64
    for (std::uint32_t i = 0; i < 100; ++i) {
        scene.runs(10 + i, 10);
    }
    scene.window_of(1000);
    const Parts parts = scene.explain();
    EXPECT_EQ(parts.at(of(PartKind::unknown)), 360U);
    EXPECT_EQ(parts.size(), 65U);
}

TEST(Ledger, ElsewhereComesOnTop) {
    Scene scene;
    scene.runs(71, 100).runs(82, 1000).window_of(400, 900);
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 400}, {of(PartKind::elsewhere), 900}}));
    EXPECT_EQ(scene.wait.cause, Cause::moved);
}

TEST(Ledger, InterruptsAndStealAreTakenFromTheRun) {
    Scene scene;
    scene.runs(71, 100).runs(82, 1000, 30, 20).window_of(1000);
    EXPECT_EQ(scene.explain(),
              (Parts{{ran(82), 950}, {of(PartKind::irq), 30}, {of(PartKind::steal), 20}}));
}

TEST(Ledger, APartOfARunHasItsShareOfInterruptsAndSteal) {
    Scene scene;
    scene.runs(71, 100).runs(82, 1000, 300, 200).runs(93, 100, 7, 0).window_of(600);
    EXPECT_EQ(
        scene.explain(),
        (Parts{
            {ran(82), 250}, {ran(93), 93}, {of(PartKind::irq), 157}, {of(PartKind::steal), 100}}));
}

TEST(Ledger, InterruptsNeverTakeMoreThanTheRun) {
    Scene scene;
    scene.runs(71, 100).runs(82, 50, 900, 900).runs(93, 50, 30, 900).window_of(100);
    EXPECT_EQ(scene.explain(), (Parts{{of(PartKind::irq), 80}, {of(PartKind::steal), 20}}));
}

TEST(Ledger, InterruptsWhileIdleAreInterrupts) {
    Scene scene;
    scene.runs(71, 100).runs(0, 1000, 400).window_of(1000);
    EXPECT_EQ(scene.explain(), (Parts{{of(PartKind::idle), 600}, {of(PartKind::irq), 400}}));
}

TEST(Ledger, HugeTimesDoNotOverflow) {
    constexpr std::uint64_t huge = UINT64_MAX - 10;
    constexpr std::uint64_t irq_ns = Switch::counter_span_ns / 2 - 1;
    Timeline timeline(4, true);
    Switch record;
    record.follows = true;
    record.task = {5, 5, {}};
    timeline.add(record);
    record.clock_ns = huge;
    record.irq_ns = irq_ns;
    timeline.add(record);
    for (const std::uint64_t here_ns : {huge, huge - 1, huge / 2, std::uint64_t{1}}) {
        Wait wait;
        wait.wait_ns = here_ns;
        Ledger ledger(everything);
        ledger.explain(timeline, {huge - here_ns, huge, 0, 0}, wait);
        expect_conserved(wait);
        EXPECT_EQ(wait.sums.unknown_ns, 0U);
        EXPECT_LE(wait.sums.irq_ns, irq_ns);
    }
}

TEST(Ledger, ThrottledGoesBeforeWhoRan) {
    Scene scene;
    scene.window.group = 5;
    scene.runs(71, 100).runs(82, 1000).throttled(5, 300, 600).window_of(800);
    // queued at 300 of run 82's 1000; throttled from 400 to 700
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 500}, {of(PartKind::throttled), 300}}));
}

TEST(Ledger, ThrottledGoesBeforeUnknown) {
    Scene scene;
    scene.window.group = 5;
    scene.runs(71, 100).gap(500).runs(0, 10).throttled(5, 400, 450).window_of(500);
    EXPECT_EQ(scene.explain(),
              (Parts{{of(PartKind::unknown), 100}, {of(PartKind::throttled), 400}}));
}

TEST(Ledger, OnlyTheThrottledTimeInsideTheWaitCounts) {
    Scene scene;
    scene.window.group = 5;
    scene.runs(71, 100).runs(82, 1000).throttled(5, 700, 900).window_of(600);
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 200}, {of(PartKind::throttled), 400}}));
    EXPECT_EQ(scene.wait.cause, Cause::throttled);
}

TEST(Ledger, OthersQuotasDoNotCount) {
    Scene scene;
    scene.runs(71, 100).runs(82, 1000).throttled(6, 700, 900).window_of(600);
    for (const std::uint32_t group : {0U, 5U}) {
        scene.window.group = group;
        EXPECT_EQ(scene.explain(), (Parts{{ran(82), 600}}));
    }
}

TEST(Ledger, OverlappingThrottlingsCountOnce) {
    Scene scene;
    scene.window.group = 5;
    scene.runs(71, 100).runs(82, 1000);
    scene.throttled(5, 300, 600).throttled(5, 300, 500).throttled(5, 900, 900).window_of(1000);
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 100}, {of(PartKind::throttled), 900}}));
}

TEST(Ledger, AFirstLookIsUnknownFromTheLastThrottlingOn) {
    Scene scene;
    scene.window.group = 5;
    scene.runs(71, 100).runs(82, 500).runs(93, 500).perhaps_throttled(5, 600).window_of(900);
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 300}, {of(PartKind::unknown), 600}}));
    scene.window.group = 6;
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 400}, {ran(93), 500}}));
}

TEST(Ledger, AFirstLookHoldsForTheNextWaiterToo) {
    Scene scene;
    scene.window.group = 5;
    scene.runs(71, 100).runs(82, 500).perhaps_throttled(5, 400).runs(93, 50).window_of(500);
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 50}, {ran(93), 50}, {of(PartKind::unknown), 400}}));
}

TEST(Ledger, OneTaskIsOnePartHoweverOftenItRan) {
    Scene scene;
    scene.runs(3, 1);
    for (int i = 0; i < 15; ++i) {
        scene.runs(3, 10).runs(3 + 1024, 7).runs(3 + 2048, 5).runs(4, 1);
    }
    scene.window_of(std::uint64_t{15} * 23);
    EXPECT_EQ(scene.explain(),
              (Parts{{ran(3), 150}, {ran(3 + 1024), 105}, {ran(3 + 2048), 75}, {ran(4), 15}}));
}

TEST(Ledger, IsUsedAgainForWaitAfterWait) {
    Scene scene;
    Ledger ledger(everything);
    scene.runs(3, 10).runs(5, 10).runs(3, 10).window_of(20);
    ledger.explain(scene.timeline, scene.window, scene.wait);
    EXPECT_EQ(parts_of(scene.wait), (Parts{{ran(5), 10}, {ran(3), 10}}));
    scene.runs(5, 4).window_of(4);
    ledger.explain(scene.timeline, scene.window, scene.wait);
    EXPECT_EQ(parts_of(scene.wait), (Parts{{ran(5), 4}}));
    EXPECT_EQ(scene.wait.stretches.size(), 1U);
}

TEST(Ledger, WhatNobodyAskedForStaysEmpty) {
    Scene scene;
    scene.runs(3, 10).runs(5, 10).runs(0, 10).window_of(25);
    scene.explain({});
    EXPECT_TRUE(scene.wait.why.empty());
    EXPECT_TRUE(scene.wait.stretches.empty());
    EXPECT_EQ(scene.wait.sums.contention_ns, 10U);
    EXPECT_EQ(scene.wait.sums.unknown_ns, 5U);
    EXPECT_EQ(scene.wait.sums.idle_ns, 10U);
    EXPECT_EQ(scene.wait.cause, Cause::contention);
}

TEST(Ledger, SumsNeedNoKeysByThread) {
    Timeline timeline(4, false);
    Switch record;
    record.follows = true;
    record.task = {5, 5, {}};
    timeline.add(record);
    record.clock_ns = 100;
    timeline.add(record);
    Wait wait;
    wait.task = {6, 5, {}};
    wait.wait_ns = 60;
    Ledger ledger({false, 0, true});
    ledger.explain(timeline, {40, 100, 0, 0}, wait);
    EXPECT_EQ(wait.sums.self_ns, 60U);
    EXPECT_EQ(ran_in_stretches(timeline, wait), 60U);
}

TEST(Ledger, SmallerTasksAreOnePartOthers) {
    Scene scene;
    scene.runs(71, 100).runs(82, 40).runs(93, 30).runs(104, 20).runs(115, 10).window_of(100);
    EXPECT_EQ(scene.explain({true, 2, false}),
              (Parts{{ran(82), 40}, {ran(93), 30}, {of(PartKind::others), 30}}));
    EXPECT_EQ(scene.wait.why[2].count, 2U);
    EXPECT_EQ(scene.explain({true, 0, false}), (Parts{{of(PartKind::others), 100}}));
    EXPECT_EQ(scene.wait.why[0].count, 4U);
    EXPECT_EQ(scene.explain({true, 4, false}).count(of(PartKind::others)), 0U);
}

TEST(Ledger, OthersDoNotCountWhoRanWhileThrottled) {
    Scene scene;
    scene.window.group = 5;
    scene.runs(71, 100).runs(82, 40).runs(93, 30).runs(104, 20).throttled(5, 50, 50);
    scene.window_of(80);
    EXPECT_EQ(scene.explain({true, 0, false}),
              (Parts{{of(PartKind::throttled), 50}, {of(PartKind::others), 30}}));
    EXPECT_EQ(scene.wait.why[1].count, 1U);
}

// A real-time task waits, and others of a lower class have the CPU.
TEST(Ledger, ALowerClassThatWasPickedMeanwhileMeansThatTheLimitHeld) {
    struct Row {
        const char* what;
        std::uint64_t wait_ns;
        std::uint64_t lower_ns;
        std::uint64_t rt_throttled_ns;
    };
    Scene scene;
    scene.wait.prio = 50;
    scene.runs(71, 100).runs(82, 60).runs(0, 7).runs(93, 30);
    for (const Row& row :
         {Row{"it had the CPU already", 20, 20, 0},
          Row{"it was picked at the moment when the waiter lost the CPU", 30, 0, 30},
          Row{"it was picked after the CPU had idled", 37, 0, 30},
          Row{"one had it, another was picked", 50, 13, 30}}) {
        SCOPED_TRACE(row.what);
        scene.window_of(row.wait_ns).explain();
        EXPECT_EQ(scene.wait.sums.lower_ns, row.lower_ns);
        EXPECT_EQ(scene.wait.sums.rt_throttled_ns, row.rt_throttled_ns);
    }
    EXPECT_EQ(scene.wait.cause, Cause::rt_throttled);
    scene.wait.prio = 120;
    scene.explain();
    EXPECT_EQ(scene.wait.sums.rt_throttled_ns, 0U);
    EXPECT_EQ(scene.wait.sums.contention_ns, 43U);
}

// Quotas hold for the fair class alone, but a record may say anything.
TEST(Ledger, AThrottlingEndsTheRunThatWasUnderWay) {
    Scene scene;
    scene.wait.prio = 50;
    scene.window.group = 5;
    scene.runs(71, 100).runs(82, 1000).throttled(5, 300, 600).window_of(800);
    scene.explain();
    EXPECT_EQ(scene.wait.sums.lower_ns, 200U);
    EXPECT_EQ(scene.wait.sums.rt_throttled_ns, 300U);
}

TEST(Ledger, OnesOwnThreadOfALowerClassIsSelf) {
    Scene scene;
    scene.wait.prio = 50;
    scene.wait.task = {85, 80, {}};
    scene.runs(71, 100).runs(82, 40).runs(93, 30).window_of(60);
    scene.explain();
    EXPECT_EQ(scene.wait.sums.self_ns, 30U);
    EXPECT_EQ(scene.wait.sums.lower_ns, 0U);
    EXPECT_EQ(scene.wait.sums.rt_throttled_ns, 30U);
}

TEST(Ledger, WhoHadTheCpuBeforeTheHistoryBeganIsNotAssumedToHaveHadItAtTheStart) {
    Scene scene;
    scene.wait.prio = 50;
    scene.runs(71, 100).gap(50).runs(60, 10).runs(82, 30).window_of(60);
    scene.explain();
    EXPECT_EQ(scene.wait.sums.lower_ns, 0U);
    EXPECT_EQ(scene.wait.sums.rt_throttled_ns, 30U);
    EXPECT_EQ(scene.wait.sums.unknown_ns, 30U);
}

TEST(Ledger, AThrottlingCutsTheWaitIntoStretches) {
    Scene scene;
    scene.window.group = 5;
    scene.runs(71, 100).runs(82, 40).runs(93, 30).throttled(5, 20, 50).runs(104, 25);
    scene.window_of(90);  // throttled from 75 to 55 ns before the end
    scene.explain();
    ASSERT_EQ(scene.wait.stretches.size(), 2U);
    EXPECT_EQ(scene.wait.stretches[0].first, 1U);
    EXPECT_EQ(scene.wait.stretches[0].last, 1U);
    EXPECT_EQ(scene.wait.stretches[0].first_ns, 15U);
    EXPECT_EQ(scene.wait.stretches[0].last_ns, 0U);
    EXPECT_EQ(scene.wait.stretches[1].first, 2U);
    EXPECT_EQ(scene.wait.stretches[1].last, 3U);
    EXPECT_EQ(scene.wait.stretches[1].first_ns, 30U);
    EXPECT_EQ(scene.wait.stretches[1].last_ns, 25U);
}

}  // namespace
}  // namespace rqs
