// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/summary.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "aggregate/report_for_test.h"
#include "aggregate/waits_for_test.h"

namespace rqs {
namespace {

Part ran(std::uint32_t pid, std::uint64_t ns, std::string_view comm = "culprit",
         std::uint64_t cgroup_id = 0) {
    Part part;
    part.kind = PartKind::ran;
    part.relation = Relation::foreign;
    part.task = {pid, pid, Comm::from(comm)};
    part.cgroup_id = cgroup_id;
    part.ns = ns;
    return part;
}

Part other(PartKind kind, std::uint64_t ns) {
    Part part;
    part.kind = kind;
    part.ns = ns;
    return part;
}

Wait wait(std::uint32_t pid, Cause cause, std::vector<Part> why, std::uint64_t cgroup_id = 0) {
    Wait wait;
    wait.task = {pid, pid, Comm::from("victim")};
    wait.sched_cgroup_id = cgroup_id;
    wait.cause = cause;
    for (const Part& part : why) {
        wait.wait_ns += part.ns;
    }
    wait.why = std::move(why);
    return wait;
}

using report_for_test::expect_conserved;
using waits_for_test::ByHand;

/// A summary of waits whose parts are written by hand.
class Fed {
  public:
    explicit Fed(const SummaryOptions& options = ByHand::options()) : summary_(options) {}

    void add(const Wait& wait) { by_hand_.add(summary_, wait); }
    [[nodiscard]] SummaryReport report() const { return summary_.report(0, 0); }
    Summary& operator*() { return summary_; }

  private:
    Summary summary_;
    ByHand by_hand_;
};

TEST(Summary, IsEmptyAtFirst) {
    const auto report = Summary{SummaryOptions{}}.report(5, 7);
    EXPECT_EQ(report.ts_ns, 5U);
    EXPECT_EQ(report.duration_ns, 7U);
    EXPECT_EQ(report.waits, 0U);
    EXPECT_TRUE(report.victims.empty());
    EXPECT_TRUE(report.culprits.empty());
    EXPECT_TRUE(report.table.empty());
    expect_conserved(report);
}

TEST(Summary, SortsVictimsAndCulpritsAndFillsTheTable) {
    Fed summary;
    summary.add(wait(1, Cause::contention, {ran(10, 300), other(PartKind::idle, 50)}));
    summary.add(wait(2, Cause::contention, {ran(10, 100), ran(11, 900)}));
    summary.add(wait(1, Cause::throttled, {other(PartKind::throttled, 400)}));
    const auto report = summary.report();
    expect_conserved(report);
    EXPECT_EQ(report.waits, 3U);
    EXPECT_EQ(report.wait_ns, 1750U);
    EXPECT_EQ(report.max_ns, 1000U);

    const auto& contention = report.causes.at(static_cast<std::size_t>(Cause::contention));
    EXPECT_EQ(contention.waits, 2U);
    EXPECT_EQ(contention.wait_ns, 1350U);

    ASSERT_EQ(report.victims.size(), 2U);
    EXPECT_EQ(report.victims[0].who.id, 2U);
    EXPECT_EQ(report.victims[1].who.id, 1U);
    EXPECT_EQ(report.victims[1].waits, 2U);
    EXPECT_EQ(report.victims[1].max_ns, 400U);
    EXPECT_EQ(report.victims[1].who.label, "victim");

    ASSERT_EQ(report.culprits.size(), 4U);
    EXPECT_EQ(report.culprits[0].who.id, 11U);
    EXPECT_EQ(report.culprits[1].ns, 400U);
    EXPECT_EQ(report.culprits[2].ns, 400U);
    EXPECT_EQ(report.culprits[3].who.kind, Group::Kind::idle);

    ASSERT_EQ(report.table.size(), 2U);
    EXPECT_EQ(report.table[0].victim.id, 2U);
    EXPECT_EQ(report.table[0].ns[0], 900U);
    EXPECT_EQ(report.table[0].others_ns, 0U);
}

TEST(Summary, SumsThatDoNotAddUpBecomeUnknownOrNobodys) {
    Fed summary;
    Wait lacking = wait(1, Cause::contention, {ran(10, 300)});
    lacking.wait_ns = 500;
    summary.add(lacking);
    Wait excessive = wait(1, Cause::contention, {ran(10, 300), ran(11, 300)});
    excessive.wait_ns = 400;
    summary.add(excessive);
    Wait idle = wait(1, Cause::contention, {other(PartKind::idle, 600)});
    idle.wait_ns = 50;
    summary.add(idle);
    const auto report = summary.report();
    expect_conserved(report);
    EXPECT_EQ(report.unknown_ns, 200U);
    ASSERT_EQ(report.culprits.size(), 4U);
    EXPECT_EQ(report.culprits[0].ns, 300U);
    EXPECT_EQ(report.culprits[1].who.kind, Group::Kind::unknown);
    EXPECT_EQ(report.culprits[1].ns, 200U);
    EXPECT_EQ(report.culprits[2].who.kind, Group::Kind::idle);
    EXPECT_EQ(report.culprits[2].ns, 50U);
    EXPECT_EQ(report.culprits[3].who.kind, Group::Kind::others);
    EXPECT_EQ(report.culprits[3].ns, 400U);
}

TEST(Summary, AProcessIsCalledByItsMainThread) {
    Fed summary;
    Wait one = wait(1, Cause::self, {ran(9, 10, "x")});
    one.task = {2, 1, Comm::from("worker-1")};
    summary.add(one);
    EXPECT_EQ(summary.report().victims[0].who.label, "worker-1");
    one.task = {1, 1, Comm::from("web")};
    summary.add(one);
    one.task = {3, 1, Comm::from("worker-2")};
    summary.add(one);
    const auto report = summary.report();
    ASSERT_EQ(report.victims.size(), 1U);
    EXPECT_EQ(report.victims[0].who.label, "web");
    EXPECT_EQ(report.victims[0].who.kind, Group::Kind::process);
    EXPECT_EQ(report.victims[0].waits, 3U);
}

TEST(Summary, AProcessHasItsRealNameInEveryTable) {
    KnownNames names;
    SummaryOptions options = ByHand::options();
    options.names = &names;
    Fed summary{options};
    Part thread = ran(1, 1000, "io-thread");
    thread.task.tid = 5;  // of the process that waits as well
    Wait one = wait(1, Cause::self, {thread});
    one.task = {2, 1, Comm::from("worker-1")};
    summary.add(one);
    const auto expect_name = [&](std::string_view name) {
        const auto report = summary.report();
        EXPECT_EQ(report.victims.at(0).who.label, name);
        EXPECT_EQ(report.culprits.at(0).who.label, name);
        EXPECT_EQ(report.table.at(0).victim.label, name);
        EXPECT_EQ(report.table_culprits.at(0).label, name);
    };
    summary.add(wait(3, Cause::contention, {ran(1, 10, "seen"), ran(4, 1)}));
    summary.add(one);
    expect_name("seen");
    names.learn(ProcessInfo{1, Comm::from("real"), 0, {}});
    expect_name("real");
}

TEST(Summary, ANameIsKeptWhenTooManyProcessesFollow) {
    KnownNames names;
    SummaryOptions options = ByHand::options();
    options.names = &names;
    Fed summary{options};
    names.learn(ProcessInfo{1, Comm::from("real"), 0, {}});
    Wait one = wait(1, Cause::self, {ran(9, 10)});
    one.task = {2, 1, Comm::from("worker-1")};
    summary.add(one);
    for (std::uint32_t pid = 100; pid < 20'000; ++pid) {
        names.learn(ProcessInfo{pid, Comm::from("short"), 0, {}});
    }
    ASSERT_EQ(names.process(1), nullptr);
    EXPECT_EQ(summary.report().victims[0].who.label, "real");
}

TEST(Summary, GroupsByCgroupWithThePathsThatAreKnown) {
    KnownNames names;
    CgroupInfo info;
    info.id = 5;
    info.path = "/cg/5";
    names.learn(info);
    SummaryOptions options = ByHand::options();
    options.by = GroupBy::cgroup;
    options.names = &names;
    Fed summary{options};
    summary.add(wait(1, Cause::contention, {ran(10, 300, "a", 7)}, 5));
    summary.add(wait(2, Cause::contention, {ran(11, 200, "b", 7)}, 5));
    const auto report = summary.report();
    expect_conserved(report);
    ASSERT_EQ(report.victims.size(), 1U);
    EXPECT_EQ(report.victims[0].who.kind, Group::Kind::cgroup);
    EXPECT_EQ(report.victims[0].who.label, "/cg/5");
    ASSERT_EQ(report.culprits.size(), 1U);
    EXPECT_EQ(report.culprits[0].who.id, 7U);
    EXPECT_EQ(report.culprits[0].who.label, "");
    EXPECT_EQ(report.culprits[0].ns, 500U);
}

TEST(Summary, GroupsByThreadCommParentAndCpu) {
    KnownNames names;
    names.learn(ProcessInfo{10, Comm::from("web"), 3, Comm::from("shell")});
    Wait one = wait(10, Cause::contention, {ran(20, 300, "hog")});
    one.task = {11, 10, Comm::from("worker")};
    one.ppid = 3;
    const auto victim = [&](GroupBy by) {
        SummaryOptions options = ByHand::options();
        options.by = by;
        options.names = &names;
        Fed summary{options};
        summary.add(one);
        const auto report = summary.report();
        expect_conserved(report);
        EXPECT_EQ(report.by, by);
        return report.victims.at(0).who;
    };
    const Group thread = victim(GroupBy::thread);
    EXPECT_EQ(thread.kind, Group::Kind::thread);
    EXPECT_EQ(thread.id, 11U);
    EXPECT_EQ(thread.pid, 10U);
    EXPECT_EQ(thread.label, "worker");
    const Group comm = victim(GroupBy::comm);
    EXPECT_EQ(comm.kind, Group::Kind::comm);
    EXPECT_EQ(comm.id, 0U);
    EXPECT_EQ(comm.label, "worker");
    const Group parent = victim(GroupBy::parent);
    EXPECT_EQ(parent.kind, Group::Kind::parent);
    EXPECT_EQ(parent.id, 3U);
    EXPECT_EQ(parent.label, "shell");
    const Group cpu = victim(GroupBy::cpu);
    EXPECT_EQ(cpu.kind, Group::Kind::cpu);
    EXPECT_EQ(cpu.id, 0U);
    EXPECT_EQ(cpu.label, "");
    names.learn(ProcessInfo{3, Comm::from("bash"), 1, {}});
    EXPECT_EQ(victim(GroupBy::parent).label, "bash");
}

TEST(Summary, KindsHaveTheirOwnPercentiles) {
    Fed summary;
    for (std::uint64_t i = 1; i <= 100; ++i) {
        Wait one = wait(1, Cause::contention, {ran(10, i)});
        one.kind = WaitKind::woken;
        summary.add(one);
    }
    Wait one = wait(1, Cause::contention, {ran(10, 5000)});
    one.kind = WaitKind::preempted;
    summary.add(one);
    const auto report = summary.report();
    expect_conserved(report);
    ASSERT_EQ(report.kinds.size(), 2U);
    EXPECT_EQ(report.kinds[0].kind, WaitKind::woken);
    EXPECT_EQ(report.kinds[0].waits, 100U);
    EXPECT_EQ(report.kinds[0].wait_ns, 5050U);
    EXPECT_EQ(report.kinds[0].p50_ns, 50U);
    EXPECT_EQ(report.kinds[0].p99_ns, 99U);
    EXPECT_EQ(report.kinds[0].max_ns, 100U);
    EXPECT_EQ(report.kinds[1].kind, WaitKind::preempted);
    EXPECT_EQ(report.kinds[1].max_ns, 5000U);
}

TEST(Summary, AVictimsShareComesFromTheKernelsCounts) {
    Fed summary;
    Wait one = wait(1, Cause::contention, {ran(10, 300)});
    summary.add(one);
    EXPECT_EQ(summary.report().victims[0].ran_ns, 0U);
    EXPECT_EQ(summary.report().victims[0].waited_ns, 0U);
    one.runtime_ns = 7000;
    one.run_delay_ns = 900;
    summary.add(one);
    one.ts_ns = 5000;
    one.runtime_ns = 7600;
    one.run_delay_ns = 1300;
    summary.add(one);
    auto report = summary.report();
    EXPECT_EQ(report.victims[0].ran_ns, 600U);
    EXPECT_EQ(report.victims[0].waited_ns, 700U);
    (*summary).clear();
    one.ts_ns = 6000;
    one.runtime_ns = 8000;
    one.run_delay_ns = 1700;
    summary.add(one);
    report = summary.report();
    EXPECT_EQ(report.victims[0].ran_ns, 400U);
    EXPECT_EQ(report.victims[0].waited_ns, 400U);
}

// What a thread ran and waited since its last wait may have been elsewhere.
TEST(Summary, ACpuHasNoShare) {
    SummaryOptions options = ByHand::options();
    options.by = GroupBy::cpu;
    Fed summary{options};
    Wait one = wait(1, Cause::contention, {ran(10, 300)});
    one.runtime_ns = 7000;
    one.run_delay_ns = 900;
    summary.add(one);
    EXPECT_EQ(summary.report().victims[0].ran_ns + summary.report().victims[0].waited_ns, 0U);
}

TEST(Summary, LossesAreCounted) {
    Fed summary;
    (*summary).add(Loss{0, 1, 2, 30});
    (*summary).add(Loss{1, 1, 2, 12});
    EXPECT_EQ(summary.report().lost, 42U);
    (*summary).clear();
    EXPECT_EQ(summary.report().lost, 0U);
}

TEST(Summary, WhatIsNotListedIsInOthers) {
    SummaryOptions options = ByHand::options();
    options.top = 3;
    options.table_rows = 2;
    options.table_columns = 2;
    Fed summary{options};
    for (std::uint32_t i = 1; i <= 10; ++i) {
        summary.add(wait(i, Cause::contention, {ran(100 + i % 5, 1000 * i), ran(200, 7 * i)}));
    }
    const auto report = summary.report();
    expect_conserved(report);
    ASSERT_EQ(report.victims.size(), 4U);
    EXPECT_EQ(report.victims[3].who.kind, Group::Kind::others);
    EXPECT_EQ(report.victims[3].waits, 7U);
    EXPECT_EQ(report.victims[3].max_ns, 7049U);
    ASSERT_EQ(report.culprits.size(), 4U);
    EXPECT_EQ(report.culprits[3].who.kind, Group::Kind::others);
    ASSERT_EQ(report.table.size(), 3U);
    EXPECT_EQ(report.table[2].victim.kind, Group::Kind::others);
    // Victims 5 and 10 were kept waiting by 100, 4 and 9 by 104: rows 10 and 9, columns 100 and
    // 104.
    EXPECT_EQ(report.table[2].ns, (std::vector<std::uint64_t>{5000, 4000}));
}

TEST(Summary, StaysSmallConservesAndFindsTheLateHeavyOne) {
    SummaryOptions options = ByHand::options();
    options.max_victims = 16;
    options.max_culprits = 16;
    Fed summary{options};
    std::mt19937 random(1);
    std::uniform_int_distribution<std::uint32_t> pid(1, 3000);
    std::uniform_int_distribution<std::uint64_t> ns(1, 1000);
    for (int i = 0; i < 20'000; ++i) {
        summary.add(wait(pid(random), static_cast<Cause>(pid(random) % 7),
                         {ran(pid(random), ns(random)), ran(pid(random), ns(random)),
                          other(static_cast<PartKind>(1 + pid(random) % 6), ns(random))}));
        if (i > 15'000) {
            summary.add(wait(9999, Cause::contention, {ran(8888, 20'000, "late")}));
        }
        if (i % 997 == 0) {
            expect_conserved(summary.report());
        }
    }
    const auto report = summary.report();
    expect_conserved(report);
    EXPECT_GT(report.victims_folded, 0U);
    EXPECT_GT(report.culprits_folded, 0U);
    EXPECT_EQ(report.victims[0].who.id, 9999U);
    EXPECT_EQ(report.culprits[0].who.id, 8888U);
    EXPECT_EQ(report.culprits[0].who.label, "late");
    EXPECT_EQ(report.victims[0].wait_ns, std::uint64_t{4999} * 20'000);
    EXPECT_EQ(report.table[0].victim.id, 9999U);
}

TEST(Summary, ThoseThatWereFoldedMayComeBack) {
    SummaryOptions options = ByHand::options();
    options.max_victims = 8;
    options.max_culprits = 8;
    options.table_rows = 100;
    options.table_columns = 100;
    Fed summary{options};
    std::mt19937 random(3);
    // Few enough that the same pairs meet again and again, too many to be kept.
    std::uniform_int_distribution<std::uint32_t> pid(1, 12);
    std::uniform_int_distribution<std::uint64_t> ns(1, 1'000'000);
    for (int i = 0; i < 3000 && !testing::Test::HasFailure(); ++i) {
        summary.add(wait(pid(random), Cause::contention,
                         {ran(pid(random), ns(random)), ran(pid(random), ns(random) / 1000)}));
        const auto report = summary.report();
        expect_conserved(report);
        for (std::size_t column = 0; column < report.table_culprits.size(); ++column) {
            std::uint64_t sum = 0;
            for (const auto& row : report.table) {
                sum += row.ns[column];
            }
            EXPECT_LE(sum, summary.report().culprits.at(column).ns);
        }
    }
    EXPECT_GT(summary.report().victims_folded, 100U);
}

TEST(Summary, RandomWaitsEqualAPlainRecount) {
    SummaryOptions options = ByHand::options();
    options.top = 1000;
    options.table_rows = 1000;
    options.table_columns = 1000;
    Fed summary{options};
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> cells;
    std::mt19937 random(2);
    std::uniform_int_distribution<std::uint32_t> pid(1, 30);
    for (int i = 0; i < 5000; ++i) {
        const std::uint32_t victim = pid(random);
        const std::uint32_t first = pid(random);
        const std::uint32_t second = pid(random);
        const std::uint64_t first_ns = random();
        const std::uint64_t second_ns = random();
        summary.add(
            wait(victim, Cause::contention, {ran(first, first_ns), ran(second, second_ns)}));
        cells[{victim, first}] += first_ns;
        cells[{victim, second}] += second_ns;
    }
    const auto report = summary.report();
    expect_conserved(report);
    ASSERT_EQ(report.table.size(), 30U);
    ASSERT_EQ(report.table_culprits.size(), 30U);
    for (const auto& row : report.table) {
        EXPECT_EQ(row.others_ns, 0U);
        for (std::size_t i = 0; i < row.ns.size(); ++i) {
            const std::pair<std::uint64_t, std::uint64_t> key(row.victim.id,
                                                              report.table_culprits[i].id);
            EXPECT_EQ(row.ns[i], cells[key]);
        }
    }
}

TEST(Summary, SampledIntervalsHaveVictimsAlone) {
    SummaryOptions options;
    options.sampled = true;
    options.by = GroupBy::cgroup;
    Summary summary{options};
    Interval interval;
    interval.task = {812, 800, Comm::from("web")};
    interval.waits = 7;
    interval.wait_ns = 123;
    interval.run_ns = 456;
    summary.add(interval);
    const auto report = summary.report(0, 0, false);
    expect_conserved(report);
    EXPECT_TRUE(report.sampled);
    EXPECT_FALSE(report.last);
    EXPECT_EQ(report.by, GroupBy::process);
    ASSERT_EQ(report.victims.size(), 1U);
    EXPECT_EQ(report.victims[0].who.id, 800U);
    EXPECT_EQ(report.victims[0].waits, 7U);
    EXPECT_EQ(report.victims[0].ran_ns, 456U);
    EXPECT_EQ(report.victims[0].waited_ns, 123U);
    EXPECT_EQ(report.max_ns, 0U);
    EXPECT_TRUE(report.kinds.empty());
    EXPECT_EQ(report.unknown_ns, 0U);
}

TEST(Summary, ClearForgetsAllButTheOptions) {
    SummaryOptions options = ByHand::options();
    options.by = GroupBy::cgroup;
    Fed summary{options};
    summary.add(wait(1, Cause::contention, {ran(10, 300)}, 5));
    (*summary).clear();
    EXPECT_EQ((*summary).waits(), 0U);
    EXPECT_EQ(summary.report().wait_ns, 0U);
    summary.add(wait(1, Cause::contention, {ran(10, 300)}, 5));
    EXPECT_EQ(summary.report().victims[0].who.kind, Group::Kind::cgroup);
}

}  // namespace
}  // namespace rqs
