// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "model/names.h"

namespace rqs {
namespace {

/// A part as (kind, tid of who ran): what most expectations are about.
using Key = std::pair<PartKind, std::uint32_t>;
using Parts = std::map<Key, std::uint64_t>;

Key ran(std::uint32_t tid) {
    return {PartKind::ran, tid};
}
Key of(PartKind kind) {
    return {kind, 0};
}

std::string to_text(const Parts& parts) {
    std::string text;
    for (const auto& [key, ns] : parts) {
        text += std::string(name(key.first)) + ":" + std::to_string(key.second) + "=" +
                std::to_string(ns) + " ";
    }
    return text;
}

Parts parts_of(const Wait& wait) {
    Parts parts;
    for (const auto& part : wait.why) {
        parts[{part.kind, part.task.tid}] += part.ns;
    }
    return parts;
}

/// What must hold for every ledger whatever the timeline tells.
void expect_conserved(const Wait& wait) {
    std::uint64_t sum = 0;
    std::uint64_t before = UINT64_MAX;
    std::map<Key, int> times;
    for (const auto& part : wait.why) {
        EXPECT_GT(part.ns, 0U);
        EXPECT_LE(part.ns, before);
        EXPECT_EQ((++times[{part.kind, part.task.tid}]), 1);
        before = part.ns;
        sum += part.ns;
    }
    EXPECT_EQ(sum, wait.wait_ns) << to_text(parts_of(wait));
}

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
        timeline.add_throttling(seq_++, group, clock_ns_, total_ns, ago_ns);
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
    window.reached = true;
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

TEST(Ledger, AnUnknownStartBeforeTheWaitIsNoLoss) {
    Scene scene;
    scene.runs(71, 100).gap(500).runs(82, 200).runs(93, 50).window_of(600);
    scene.window.reached = true;
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 550}, {ran(93), 50}}));
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
    scene.window.reached = true;
    EXPECT_EQ(scene.explain(), (Parts{{of(PartKind::idle), 100}, {of(PartKind::throttled), 400}}));
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
    scene.runs(71, 100).runs(82, 500).runs(93, 500).window_of(900);
    scene.window.throttled_unknown_ago_ns = 600;
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 300}, {of(PartKind::unknown), 600}}));
    scene.window.throttled_unknown_ago_ns = UINT64_MAX;
    EXPECT_EQ(scene.explain(), (Parts{{of(PartKind::unknown), 900}}));
    scene.window.throttled_unknown_ago_ns = 0;
    EXPECT_EQ(scene.explain(), (Parts{{ran(82), 400}, {ran(93), 500}}));
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

/// A second opinion: looks at every nanosecond of the wait on its own.
class Reference {
  public:
    void run(const Switch& entry) {
        add_seq(entry.seq);
        const bool joined = joined_ && have_end_ && runs_.back().end_ns <= entry.run.end_ns;
        runs_.push_back(entry.run);
        irq_.push_back(joined && entry.run.irq_ns > last_irq_ ? entry.run.irq_ns - last_irq_ : 0);
        starts_.push_back(joined ? runs_[runs_.size() - 2].end_ns : UINT64_MAX);
        last_irq_ = entry.run.irq_ns;
        have_end_ = true;
    }
    void throttling(std::uint32_t seq, std::uint64_t group, std::uint64_t start_ns,
                    std::uint64_t end_ns) {
        add_seq(seq);
        have_end_ = have_end_ && joined_;
        throttlings_.push_back({group, start_ns, end_ns});
    }

    /// Irq is shared out by the run, all else is looked up by the nanosecond.
    [[nodiscard]] Parts explain(const Window& window, std::size_t capacity) const {
        Parts parts;
        std::map<std::size_t, std::uint64_t> of_run;
        for (std::uint64_t t = window.start_ns; t < window.end_ns; ++t) {
            const auto run = run_at(t, window, capacity);
            if (is_throttled(t, window.group)) {
                ++parts[of(PartKind::throttled)];
            } else if (!run || (window.throttled_unknown_ago_ns &&
                                window.end_ns - t <= *window.throttled_unknown_ago_ns)) {
                ++parts[of(PartKind::unknown)];
            } else {
                ++of_run[*run];
            }
        }
        for (const auto& [index, ns] : of_run) {
            std::uint64_t irq = 0;
            if (starts_[index] != UINT64_MAX) {
                irq = std::min(ns, irq_[index] * ns / (runs_[index].end_ns - starts_[index]));
            }
            parts[of(PartKind::irq)] += irq;
            const auto tid = runs_[index].task.tid;
            parts[tid == 0 ? of(PartKind::idle) : ran(tid)] += ns - irq;
        }
        parts[of(PartKind::elsewhere)] += window.elsewhere_ns;
        std::erase_if(parts, [](const auto& part) { return part.second == 0; });
        return parts;
    }

  private:
    void add_seq(std::uint32_t seq) {
        joined_ = seq == static_cast<std::uint32_t>(last_seq_ + 1);
        last_seq_ = seq;
    }
    [[nodiscard]] bool is_throttled(std::uint64_t t, std::uint64_t group) const {
        return group != 0 &&
               std::any_of(throttlings_.begin(), throttlings_.end(), [&](const Throttling& one) {
                   return one.group == group && one.start_ns <= t && t < one.end_ns;
               });
    }
    // Walks back from the newest run as long as nothing is missing between.
    [[nodiscard]] std::optional<std::size_t> run_at(std::uint64_t t, const Window& window,
                                                    std::size_t capacity) const {
        for (std::size_t back = 0; back < std::min(capacity, runs_.size()); ++back) {
            const std::size_t index = runs_.size() - 1 - back;
            if (starts_[index] == UINT64_MAX) {
                return window.reached ? std::optional(index) : std::nullopt;
            }
            if (starts_[index] <= t) {
                return index;
            }
        }
        return std::nullopt;
    }

    std::vector<Run> runs_;
    std::vector<std::uint64_t> irq_;
    std::vector<std::uint64_t> starts_;
    std::vector<Throttling> throttlings_;
    std::uint64_t last_irq_ = 0;
    std::uint32_t last_seq_ = 0;
    bool joined_ = false;
    bool have_end_ = false;
};

/// The same random story told to the timeline and to the reference.
class Story {
  public:
    explicit Story(std::uint32_t seed) : random_(seed) {}

    void tell_one() {
        seq_ += chance(10) ? 1 + static_cast<std::uint32_t>(upto(3)) : 1;
        if (chance(15)) {
            const std::uint64_t total = upto(60);
            const std::uint64_t ago = upto(80);
            const std::uint64_t group = 1 + upto(1);
            timeline.add_throttling(seq_, group, clock_ns_, total, ago);
            reference.throttling(seq_, group, timeline.throttlings().back().start_ns,
                                 timeline.throttlings().back().end_ns);
            return;
        }
        tell_run();
    }
    /// The wait ends with a run of its own.
    void tell_wait() {
        ++seq_;
        tell_run();
        window.end_ns = clock_ns_;
        window.start_ns = clock_ns_ - std::min(clock_ns_, upto(300));
        window.elsewhere_ns = chance(30) ? upto(200) : 0;
        window.reached = chance(40);
        window.group = upto(2);
        window.throttled_unknown_ago_ns.reset();
        if (chance(20)) {
            window.throttled_unknown_ago_ns = upto(350);
        }
        wait.wait_ns = window.end_ns - window.start_ns + window.elsewhere_ns;
    }

    static constexpr std::size_t capacity = 16;
    Timeline timeline{capacity};
    Reference reference;
    Window window;
    Wait wait;

  private:
    std::uint64_t upto(std::uint64_t most) {
        return std::uniform_int_distribution<std::uint64_t>(0, most)(random_);
    }
    bool chance(std::uint64_t percent) { return upto(99) < percent; }

    void tell_run() {
        clock_ns_ += upto(40);
        irq_ns_ += chance(30) ? upto(30) : 0;
        Switch entry;
        entry.seq = seq_;
        entry.run.end_ns = clock_ns_;
        entry.run.irq_ns = irq_ns_;
        // Some tids share a place in the ledger's table.
        entry.run.task.tid = static_cast<std::uint32_t>(upto(3) + 1024 * upto(2));
        timeline.add(entry);
        reference.run(entry);
    }

    std::mt19937 random_;
    std::uint32_t seq_ = 4'294'967'270U;
    std::uint64_t clock_ns_ = 1000;
    std::uint64_t irq_ns_ = 0;
};

TEST(Ledger, AgreesWithASecondOpinionByTheNanosecond) {
    std::map<PartKind, int> met;
    for (std::uint32_t seed = 0; seed < 1000; ++seed) {
        SCOPED_TRACE(seed);
        Story story(seed);
        Ledger ledger;
        for (int wait = 0; wait < 5; ++wait) {
            for (int i = 0; i < 8; ++i) {
                story.tell_one();
            }
            story.tell_wait();
            ledger.explain(story.timeline, story.window, story.wait);
            expect_conserved(story.wait);
            const Parts expected = story.reference.explain(story.window, Story::capacity);
            ASSERT_EQ(to_text(parts_of(story.wait)), to_text(expected));
            for (const auto& [key, ns] : expected) {
                ++met[key.first];
            }
        }
        if (HasFailure()) {
            break;
        }
    }
    // The stories are worth telling only if they meet everything.
    for (const auto kind : {PartKind::ran, PartKind::idle, PartKind::throttled, PartKind::elsewhere,
                            PartKind::irq, PartKind::unknown}) {
        EXPECT_GT(met[kind], 100) << name(kind);
    }
}

}  // namespace
}  // namespace rqs
