// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "ledger/parts_for_test.h"

namespace rqs {
namespace {

using namespace parts_for_test;

/// One CPU told from the start of its clock, and a wait that ends with its last run.
class Scene {
  public:
    Scene& runs(std::uint32_t tid, std::uint64_t ns, std::uint64_t irq_ns = 0,
                std::uint64_t steal_ns = 0) {
        clock_ns_ += ns;
        irq_ns_ += irq_ns;
        steal_ns_ += steal_ns;
        Switch entry;
        entry.seq = seq_++;
        entry.run.end_ns = clock_ns_;
        entry.run.irq_ns = irq_ns_;
        entry.run.steal_ns = steal_ns_;
        entry.run.task = {tid, tid / 10 * 10, {}};
        entry.run.cgroup_id = tid / 100;
        timeline.add(entry);
        return *this;
    }
    /// Time passes of which nothing is told.
    Scene& gap(std::uint64_t ns, std::uint32_t slots = 1) {
        clock_ns_ += ns;
        seq_ += slots;
        return *this;
    }
    Scene& throttled(std::uint64_t group, std::uint64_t total_ns, std::uint64_t ago_ns) {
        timeline.add_throttling({seq_++, group, clock_ns_, total_ns, ago_ns, 0});
        return *this;
    }
    Scene& perhaps_throttled(std::uint64_t group, std::uint64_t ago_ns) {
        timeline.add_throttling({seq_++, group, clock_ns_, std::nullopt, ago_ns, 0});
        return *this;
    }
    Scene& window_of(std::uint64_t here_ns, std::uint64_t elsewhere_ns = 0) {
        window.end_ns = clock_ns_;
        window.start_ns = clock_ns_ - here_ns;
        window.elsewhere_ns = elsewhere_ns;
        wait.wait_ns = here_ns + elsewhere_ns;
        return *this;
    }
    Parts explain() {
        ledger.explain(timeline, window, wait);
        expect_conserved(wait);
        return parts_of(wait);
    }

    Timeline timeline{64};
    Window window;
    Wait wait;
    Ledger ledger;

  private:
    std::uint64_t clock_ns_ = 1'000'000;
    std::uint64_t irq_ns_ = 500;
    std::uint64_t steal_ns_ = 700;
    std::uint32_t seq_ = 4'294'967'290U;  // wraps within most scenes
};

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
    Timeline timeline(4);
    Switch entry;
    timeline.add(entry);
    entry.seq = 1;
    entry.run.end_ns = 100;
    entry.run.task = {5, 5, Comm::from("kworker/0:1")};
    entry.run.kernel_thread = true;
    entry.run.cgroup_id = 1;
    timeline.add(entry);
    Wait wait;
    wait.task = {77, 77, {}};
    wait.sched_cgroup_id = 1;
    wait.wait_ns = 60;
    Ledger ledger;
    Window window;
    window.start_ns = 40;
    window.end_ns = 100;
    ledger.explain(timeline, window, wait);
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
    Timeline timeline(8);
    for (std::uint32_t i = 0; i < 3; ++i) {
        Switch entry;
        entry.seq = i;
        entry.run.end_ns = i == 0 ? 0 : i == 1 ? 190 : 191;
        entry.run.task = {5, 5, {}};
        entry.run.prio = static_cast<std::int16_t>(i == 1 ? 49 : 120);
        timeline.add(entry);
    }
    Wait wait;
    wait.task = {77, 77, {}};
    wait.wait_ns = 191;
    Window window;
    window.end_ns = 191;
    Ledger ledger;
    ledger.explain(timeline, window, wait);
    ASSERT_EQ(wait.why.size(), 2U);
    EXPECT_EQ(wait.why[0].ns, 190U);
    EXPECT_EQ(wait.why[1].ns, 1U);
    EXPECT_EQ(wait.cause, Cause::realtime);
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

TEST(Ledger, HugeCountersDoNotOverflow) {
    constexpr std::uint64_t huge = UINT64_MAX - 10;
    Timeline timeline(4);
    Switch entry;
    entry.run.task = {5, 5, {}};
    timeline.add(entry);
    entry.seq = 1;
    entry.run.end_ns = huge;
    entry.run.irq_ns = huge;
    entry.run.steal_ns = huge;
    timeline.add(entry);
    for (const std::uint64_t here_ns : {huge, huge - 1, huge / 2, std::uint64_t{1}}) {
        Wait wait;
        wait.wait_ns = here_ns;
        Ledger ledger;
        Window window;
        window.start_ns = huge - here_ns;
        window.end_ns = huge;
        ledger.explain(timeline, window, wait);
        expect_conserved(wait);
        EXPECT_EQ(parts_of(wait).at(of(PartKind::irq)), here_ns);
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
    for (const std::uint64_t group : {0U, 5U}) {
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
    scene.runs(3, 10).runs(5, 10).runs(3, 10).window_of(20);
    EXPECT_EQ(scene.explain(), (Parts{{ran(5), 10}, {ran(3), 10}}));
    scene.runs(5, 4).window_of(4);
    EXPECT_EQ(scene.explain(), (Parts{{ran(5), 4}}));
}

}  // namespace
}  // namespace rqs
