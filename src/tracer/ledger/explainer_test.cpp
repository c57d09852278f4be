// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/explainer.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <bit>
#include <cstdint>
#include <memory>
#include <optional>

#include "ledger/parts_for_test.h"

namespace rqs {
namespace {

using namespace parts_for_test;

Arrival arrival() {
    Arrival came;
    came.ts_ns = 101;
    came.here_ns = 102;
    came.elsewhere_ns = 103;
    came.task = {104, 105, Comm::from("came")};
    came.ppid = 106;
    came.prio = 107;
    came.policy = Policy::batch;
    came.cgroup_id = 108;
    came.sched_cgroup_id = 109;
    came.group = 110;
    came.stamped = false;
    came.complete = false;
    came.kind = WaitKind::yielded;
    came.run_delay_ns = 111;
    came.runtime_ns = 112;
    came.waker = Waker{{113, 114, Comm::from("waker")}, 115, true};
    return came;
}

void expect_same(const TaskId& a, const TaskId& b) {
    EXPECT_EQ(a.tid, b.tid);
    EXPECT_EQ(a.pid, b.pid);
    EXPECT_EQ(a.comm, b.comm);
}

TEST(Explainer, DescribesAWaitByEveryFieldOfItsRecord) {
    Switch record;
    record.cpu = 3;
    record.task = {4, 5, Comm::from("left")};
    const Arrival came = arrival();
    Wait wait;
    Explainer::describe(record, came, wait);
    EXPECT_EQ(wait.ts_ns, 101U);
    EXPECT_EQ(wait.wait_ns, 205U);
    EXPECT_EQ(wait.cpu, 3U);
    expect_same(wait.task, came.task);
    expect_same(wait.prev, record.task);
    EXPECT_EQ(wait.ppid, 106U);
    EXPECT_EQ(wait.prio, 107);
    EXPECT_EQ(wait.policy, Policy::batch);
    EXPECT_EQ(wait.cgroup_id, 108U);
    EXPECT_EQ(wait.sched_cgroup_id, 109U);
    EXPECT_FALSE(wait.stamped);
    EXPECT_FALSE(wait.complete);
    EXPECT_EQ(wait.kind, WaitKind::yielded);
    EXPECT_EQ(wait.run_delay_ns, 111U);
    EXPECT_EQ(wait.runtime_ns, 112U);
    ASSERT_TRUE(wait.waker);
    expect_same(wait.waker->task, came.waker->task);
    EXPECT_EQ(wait.waker->cpu, 115U);
    EXPECT_TRUE(wait.waker->interrupt);
}

// One Wait is filled in again and again.
TEST(Explainer, LeavesNothingOfTheWaitBefore) {
    Wait wait;
    Explainer::describe({}, arrival(), wait);
    Explainer::describe({}, {}, wait);
    EXPECT_FALSE(wait.waker);
    EXPECT_TRUE(wait.stamped);
    EXPECT_TRUE(wait.complete);
    EXPECT_EQ(wait.kind, WaitKind::unknown);
    EXPECT_EQ(wait.wait_ns, 0U);
}

Switch switch_at(std::uint32_t cpu, std::uint64_t clock_ns, std::uint32_t tid) {
    Switch record;
    record.cpu = cpu;
    record.clock_ns = clock_ns;
    record.follows = true;
    record.task = {tid, tid, {}};
    record.ppid = 9;
    record.cgroup_id = 10;
    return record;
}

TEST(Explainer, TellsWhichRunEndedAndCountsThemByCpu) {
    Explainer explainer({}, 8);
    EXPECT_EQ(explainer.add(switch_at(2, 100, 5)).position, 0U);
    EXPECT_EQ(explainer.add(switch_at(0, 900, 5)).position, 0U);
    const Ran ran = explainer.add(switch_at(2, 140, 6));
    EXPECT_EQ(ran.cpu, 2U);
    EXPECT_EQ(ran.position, 1U);
    EXPECT_EQ(ran.ran_ns, 40U);
    EXPECT_EQ(ran.task.tid, 6U);
    EXPECT_EQ(ran.ppid, 9U);
    EXPECT_EQ(ran.cgroup_id, 10U);
}

// In a recording of another tool there is one clock for both.
TEST(Explainer, TellsWhenRunsEndedAlsoWhereTheClocksAreOne) {
    Explainer explainer({}, 8);
    EXPECT_EQ(explainer.add(switch_at(0, 100, 5)).end_ns, 0U) << "nothing has told the clock yet";
    Switch record = switch_at(0, 140, 6);
    record.came.emplace().ts_ns = 140;
    EXPECT_EQ(explainer.add(record).end_ns, 140U);
    EXPECT_EQ(explainer.add(switch_at(0, 200, 5)).end_ns, 200U);
}

TEST(Explainer, ExplainsAWaitByItsOwnCpuAndItsGroupsQuota) {
    Explainer explainer({true, 4, true}, 8);
    explainer.add(switch_at(1, 100, 5));
    explainer.add(switch_at(0, 50, 5));
    explainer.add(switch_at(0, 400, 7));
    explainer.add(ThrottleLook{1, 42, 190, 30, 30, 0});
    const Switch record = switch_at(1, 200, 6);
    explainer.add(record);
    Arrival came;
    came.here_ns = 90;
    came.elsewhere_ns = 7;
    came.group = 42;
    Wait wait;
    Explainer::describe(record, came, wait);
    explainer.explain(record, came, true, wait);
    expect_conserved(wait);
    EXPECT_EQ(parts_of(wait),
              (Parts{{ran(6), 60}, {of(PartKind::throttled), 30}, {of(PartKind::elsewhere), 7}}));
}

// A record whose wait began before its clock did is damaged; it is explained all the same.
TEST(Explainer, AWaitLongerThanItsClockIsUnknown) {
    Explainer explainer({true, 4, true}, 8);
    const Switch record = switch_at(1, 200, 6);
    explainer.add(record);
    Arrival came;
    came.here_ns = 1000;
    Wait wait;
    Explainer::describe(record, came, wait);
    explainer.explain(record, came, true, wait);
    expect_conserved(wait);
    EXPECT_EQ(wait.sums.unknown_ns, 1000U);
}

TEST(Explainer, KeepsAsManyRunsAsItsMemoryAllows) {
    constexpr std::size_t budget_bytes = 32U << 20;
    for (const std::uint32_t cpus : {0U, 1U, 2U, 3U, 4U, 8U, 16U, 64U, 1000U, 8192U, UINT32_MAX}) {
        const std::size_t kept = runs_kept(cpus);
        EXPECT_TRUE(std::has_single_bit(kept)) << cpus;
        EXPECT_GE(kept, 512U) << cpus;
        EXPECT_LE(kept, 32768U) << cpus;
        EXPECT_TRUE(kept == 512 || kept * Timeline::bytes_per_run * cpus <= budget_bytes) << cpus;
        // No less than that: twice as many would be too many.
        EXPECT_TRUE(kept == 32768 || kept * 2 * Timeline::bytes_per_run * cpus > budget_bytes)
            << cpus;
    }
}

std::size_t allocated_bytes() {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

// The budget is kept only if the size that it counts with is right.
TEST(Explainer, ARunTakesAsMuchMemoryAsItSays) {
    constexpr std::size_t runs = 8192;
    const std::size_t before = allocated_bytes();
    auto explainer = std::make_unique<Explainer>(Detail{true, 16, true}, runs);
    for (std::uint32_t i = 0; i < runs * 3; ++i) {
        explainer->add(switch_at(0, std::uint64_t{i} * 10, i));
    }
    const std::size_t taken = allocated_bytes() - before;
    if (before == 0) {
        GTEST_SKIP() << "this allocator does not count, as under a sanitizer";
    }
    constexpr std::size_t told = runs * Timeline::bytes_per_run;
    EXPECT_GE(taken, told - told / 4);
    EXPECT_LE(taken, told + told / 4);
}

}  // namespace
}  // namespace rqs
