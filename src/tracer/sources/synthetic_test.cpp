// SPDX-License-Identifier: BSD-2-Clause
#include "sources/synthetic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ledger/parts_for_test.h"
#include "session/session.h"

namespace rqs {
namespace {

using parts_for_test::expect_conserved;

SourceOptions longer_than(std::uint64_t min_us) {
    SourceOptions options;
    options.min_us = min_us;
    return options;
}

class Taker final : public RecordHandler {
  public:
    explicit Taker(std::size_t limit) : limit_(limit) {}
    void on_switch(const Switch& record) override { switches.push_back(record); }
    void on_reached(std::uint64_t now_ns) override { reached_ns = now_ns; }
    [[nodiscard]] bool done() const override { return switches.size() >= limit_; }

    std::vector<Switch> switches;
    std::uint64_t reached_ns = 0;

  private:
    std::size_t limit_;
};

std::vector<Switch> switches_of(SyntheticSource& source, std::size_t count) {
    Taker taker(count);
    EXPECT_TRUE(source.start());
    while (!taker.done()) {
        EXPECT_TRUE(source.poll(std::chrono::milliseconds(0), taker));
    }
    EXPECT_EQ(taker.switches.size(), count);
    return taker.switches;
}

TEST(Synthetic, TimeNeverGoesBack) {
    SyntheticSource source(longer_than(0), {3, 5, 100'000});
    std::uint64_t last_ns = 0;
    std::uint64_t last_arrival_ns = 0;
    for (const Switch& record : switches_of(source, 3000)) {
        EXPECT_GT(record.clock_ns, last_ns);
        last_ns = record.clock_ns;
        ASSERT_TRUE(record.came);
        EXPECT_GT(record.came->ts_ns, last_arrival_ns);
        last_arrival_ns = record.came->ts_ns;
    }
    EXPECT_EQ(source.now_ns(), last_ns);
}

TEST(Synthetic, WhoComesIsWhoLeavesNext) {
    SyntheticSource source(longer_than(0), {3, 5, 100'000});
    std::map<std::uint32_t, TaskId> running;
    std::set<std::uint32_t> tids;
    for (const Switch& record : switches_of(source, 3000)) {
        ASSERT_LT(record.cpu, 3U);
        const bool first = !running.contains(record.cpu);
        EXPECT_EQ(record.follows, !first);
        if (!first) {
            EXPECT_EQ(record.task.tid, running[record.cpu].tid);
            EXPECT_EQ(record.task.comm, running[record.cpu].comm);
        }
        running[record.cpu] = record.came->task;
        tids.insert(record.came->task.tid);
    }
    EXPECT_EQ(tids.size(), 15U);
    EXPECT_EQ(source.cpus(), 3U);
    EXPECT_FALSE(source.samples());
}

// A task waits from the end of its run to the beginning of its next, and sums it up.
TEST(Synthetic, WaitsAreTheTimeBetweenRuns) {
    SyntheticSource source(longer_than(0), {2, 4, 100'000});
    std::map<std::uint32_t, std::uint64_t> left_ns;
    std::map<std::uint32_t, std::uint64_t> run_delay_ns;
    for (const Switch& record : switches_of(source, 1000)) {
        const Arrival& came = *record.came;
        if (left_ns.contains(came.task.tid)) {
            EXPECT_EQ(came.here_ns, record.clock_ns - left_ns[came.task.tid]);
            EXPECT_EQ(came.run_delay_ns, run_delay_ns[came.task.tid] + came.here_ns);
        }
        run_delay_ns[came.task.tid] = came.run_delay_ns;
        left_ns[record.task.tid] = record.clock_ns;
    }
}

TEST(Synthetic, ShortWaitsAreCountedAndTheirSwitchesHandedOn) {
    SyntheticSource source(longer_than(3000), {2, 8, 500'000});
    std::size_t kept = 0;
    for (const Switch& record : switches_of(source, 2000)) {
        kept += record.came ? 1U : 0U;
        if (record.came) {
            EXPECT_GT(record.came->here_ns, 3'000'000U);
        }
    }
    EXPECT_GT(kept, 0U);
    EXPECT_LT(kept, 2000U);
    EXPECT_EQ(source.counters().seen, 2000U);
    EXPECT_EQ(source.counters().lost, 0U);
}

TEST(Synthetic, TheSameNumbersEveryTime) {
    const auto slices = [] {
        SyntheticSource source(longer_than(0), {2, 4, 100'000});
        std::vector<std::uint64_t> all;
        std::uint64_t last_ns = 0;
        for (const Switch& record : switches_of(source, 100)) {
            if (last_ns != 0) {
                all.push_back(record.clock_ns - last_ns);
            }
            last_ns = record.clock_ns;
        }
        return all;
    };
    EXPECT_EQ(slices(), slices());
}

TEST(Synthetic, SaysHowFarItHasCome) {
    SyntheticSource source(longer_than(0));
    Taker taker(100'000);
    ASSERT_TRUE(source.start());
    ASSERT_TRUE(source.poll(std::chrono::milliseconds(0), taker));
    EXPECT_EQ(taker.reached_ns, taker.switches.back().clock_ns);
    EXPECT_TRUE(source.finish(taker));
}

TEST(Synthetic, StopsWhenNoMoreIsWanted) {
    SyntheticSource source(longer_than(0));
    Taker taker(3);
    ASSERT_TRUE(source.start());
    ASSERT_TRUE(source.poll(std::chrono::hours(1), taker));
    EXPECT_EQ(taker.switches.size(), 3U);
}

/// Checks each wait that a session hands on.
class Checker final : public Consumer {
  public:
    explicit Checker(std::uint32_t named_tasks) : named_tasks_(named_tasks) {}
    [[nodiscard]] Needs needs() const override {
        Needs needs;
        needs.parts = needs.stretches = true;
        needs.named_tasks = named_tasks_;
        return needs;
    }
    void ran(const Ran& ran) override { runs_ns_[ran.cpu].push_back(ran.ran_ns); }
    void wait(const Wait& wait) override {
        ++waits;
        expect_conserved(wait);
        EXPECT_EQ(wait.sums.ran_ns() + wait.sums.unknown_ns, wait.wait_ns);
        EXPECT_EQ(stretched_ns(wait), wait.sums.ran_ns());
        explained += wait.sums.unknown_ns == 0 ? 1U : 0U;
        for (const Part& part : wait.why) {
            most_named = std::max(most_named, named(wait));
            EXPECT_NE(part.task.tid, wait.task.tid) << "nobody waits for itself";
        }
    }
    std::size_t waits = 0;
    std::size_t explained = 0;
    std::size_t most_named = 0;

  private:
    static std::size_t named(const Wait& wait) {
        return static_cast<std::size_t>(
            std::count_if(wait.why.begin(), wait.why.end(),
                          [](const Part& part) { return part.kind == PartKind::ran; }));
    }
    /// What a consumer makes of the stretches, which has the runs and nothing else.
    [[nodiscard]] std::uint64_t stretched_ns(const Wait& wait) const {
        const auto& runs_ns = runs_ns_.at(wait.cpu);
        std::uint64_t sum = 0;
        for (const Stretch& stretch : wait.stretches) {
            sum += stretch.first_ns + stretch.last_ns;
            for (std::uint64_t at = stretch.first + 1; at < stretch.last; ++at) {
                sum += runs_ns.at(at);
            }
        }
        return sum;
    }
    std::uint32_t named_tasks_;
    std::map<std::uint32_t, std::vector<std::uint64_t>> runs_ns_;
};

// 600 tasks on a CPU: more than are looked at one by one, so that the named ones are chosen.
TEST(Synthetic, ASessionExplainsEveryWaitInPartsThatAddUp) {
    for (const std::uint32_t tasks : {2U, 8U, 100U, 600U}) {
        for (const std::uint32_t named : {0U, 4U, UINT32_MAX}) {
            SCOPED_TRACE(std::to_string(tasks) + " tasks, " + std::to_string(named) + " named");
            SyntheticSource source(longer_than(0), {2, tasks, 100'000});
            Checker checker(named);
            Session::Setup setup;
            setup.cpus = source.cpus();
            setup.count = 3000;
            Session session(setup, {&checker});
            ASSERT_TRUE(source.start());
            while (!session.done()) {
                ASSERT_TRUE(source.poll(std::chrono::milliseconds(0), session));
            }
            EXPECT_EQ(checker.waits, 3000U);
            // Only what reaches back before the first switches is not known.
            EXPECT_GE(checker.explained, 3000U - 2 * tasks);
            EXPECT_EQ(checker.most_named, std::min(named, tasks - 1));
        }
    }
}

}  // namespace
}  // namespace rqs
