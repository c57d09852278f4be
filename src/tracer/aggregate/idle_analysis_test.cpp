// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/idle_analysis.h"

#include <gtest/gtest.h>

#include <string>

namespace rqs {
namespace {

constexpr std::uint32_t victim = 7;

Ran run(std::uint32_t cpu, std::uint32_t tid, std::uint64_t begin, std::uint64_t end) {
    Ran run;
    run.cpu = cpu;
    run.length_ns = end - begin;
    run.ran_ns = run.length_ns;
    run.end_ns = end;
    run.task = {tid, tid, {}};
    return run;
}

Ran idle(std::uint32_t cpu, std::uint64_t begin, std::uint64_t end) {
    return run(cpu, 0, begin, end);
}

Ran busy(std::uint32_t cpu, std::uint64_t begin, std::uint64_t end) {
    return run(cpu, 99, begin, end);
}

Wait wait(std::uint32_t cpu, std::uint64_t begin, std::uint64_t end, std::uint32_t tid = victim) {
    Wait wait;
    wait.ts_ns = end;
    wait.wait_ns = end - begin;
    wait.cpu = cpu;
    wait.task = {tid, tid, Comm::from("victim")};
    return wait;
}

IdleOptions options(std::uint32_t cpus) {
    IdleOptions options;
    options.cpus = cpus;
    return options;
}

TEST(IdleAnalysis, CountsTimeInWhichAnotherCpuIdled) {
    IdleAnalysis analysis(options(2));
    analysis.ran(idle(1, 100, 150));
    analysis.ran(busy(1, 150, 170));
    analysis.ran(busy(0, 100, 200));
    analysis.wait(wait(0, 120, 200));
    EXPECT_EQ(analysis.held_waits(), 1U);  // what CPU 1 does since 170 is not known
    EXPECT_EQ(analysis.report().avoidable_waits, 0U);
    analysis.ran(idle(1, 170, 300));
    EXPECT_EQ(analysis.held_waits(), 0U);

    const auto report = analysis.report();
    EXPECT_EQ(report.waits, 1U);
    EXPECT_EQ(report.avoidable_waits, 1U);
    EXPECT_EQ(report.avoidable_ns, 60U);
    EXPECT_EQ(report.undecided_waits, 0U);
    EXPECT_EQ(report.unknown_affinity_waits, 1U);
    ASSERT_EQ(report.victims.size(), 1U);
    EXPECT_EQ(report.victims[0].who.id, victim);
    EXPECT_EQ(report.victims[0].who.label, "victim");
    EXPECT_EQ(report.victims[0].ns, 60U);
    EXPECT_EQ(report.victims[0].idle_cpu, 1U);
    EXPECT_EQ(report.idle_while_others_queued_ns, 60U);
    ASSERT_EQ(report.cpus.size(), 2U);
    EXPECT_EQ(report.cpus[0].busy_ns, 100U);
    EXPECT_EQ(report.cpus[0].waits, 1U);
    EXPECT_EQ(report.cpus[0].wait_ns, 80U);
    EXPECT_EQ(report.cpus[1].busy_ns, 20U);
    EXPECT_EQ(report.cpus[1].idle_ns, 180U);
    EXPECT_EQ(report.cpus[1].idle_while_others_queued_ns, 60U);
}

TEST(IdleAnalysis, CpusThatIdledTogetherCountOnceAndTheOwnOneNever) {
    IdleAnalysis analysis(options(3));
    analysis.ran(idle(0, 100, 120));  // a wakeup that took its time
    analysis.ran(busy(0, 120, 200));
    analysis.ran(idle(1, 100, 160));
    analysis.ran(idle(2, 140, 250));
    analysis.ran(busy(1, 160, 250));
    analysis.ran(busy(0, 200, 250));
    analysis.wait(wait(0, 110, 200));
    const auto report = analysis.report();
    EXPECT_EQ(report.avoidable_ns, 90U);
    EXPECT_EQ(report.victims.at(0).idle_cpu, 2U);  // idled at the end
}

TEST(IdleAnalysis, IdlingOfTheOwnCpuAloneIsNotAvoidable) {
    IdleAnalysis analysis(options(2));
    analysis.ran(busy(1, 100, 200));
    analysis.ran(idle(0, 100, 150));
    analysis.wait(wait(0, 120, 150));
    const auto report = analysis.report();
    EXPECT_EQ(report.avoidable_waits, 0U);
    EXPECT_EQ(report.undecided_waits, 0U);
    EXPECT_EQ(report.idle_while_others_queued_ns, 0U);
}

TEST(IdleAnalysis, AnIdleCpuThatTookTheTaskOverCountsUntilThen) {
    IdleAnalysis analysis(options(2));
    analysis.ran(busy(0, 100, 200));
    analysis.ran(idle(1, 120, 165));
    Wait moved = wait(1, 110, 165);
    moved.sums.elsewhere_ns = 50;  // to 160; the other 5 ns it took CPU 1 to wake up
    analysis.wait(moved);
    const auto report = analysis.report();
    EXPECT_EQ(report.avoidable_ns, 40U);
    EXPECT_EQ(report.victims.at(0).idle_cpu, 1U);
    EXPECT_EQ(report.cpus[1].idle_while_others_queued_ns, 40U);
}

TEST(IdleAnalysis, AsksWhereTheTaskMayRun) {
    IdleAnalysis analysis(options(3));
    analysis.affinity({0, 1, {0b001}});
    analysis.affinity({0, 2, {0b011}});
    analysis.fork({0, {2, 2, {}}, {3, 2, {}}});
    analysis.ran(idle(2, 100, 300));
    analysis.ran(busy(1, 100, 180));
    analysis.ran(idle(1, 180, 300));
    analysis.ran(busy(0, 100, 200));
    analysis.wait(wait(0, 100, 200, 1));
    EXPECT_EQ(analysis.report().avoidable_ns, 0U);
    EXPECT_EQ(analysis.report().idle_while_others_queued_ns, 0U);
    analysis.ran(busy(0, 200, 210));
    analysis.wait(wait(0, 100, 210, 2));
    EXPECT_EQ(analysis.report().avoidable_ns, 30U);
    EXPECT_EQ(analysis.report().victims.at(0).idle_cpu, 1U);
    EXPECT_EQ(analysis.report().idle_while_others_queued_ns, 30U);
    analysis.ran(busy(0, 210, 220));
    analysis.wait(wait(0, 210, 220, 3));
    EXPECT_EQ(analysis.report().avoidable_ns, 40U);
    analysis.exit({0, {3, 2, {}}});
    analysis.ran(busy(0, 220, 230));
    analysis.wait(wait(0, 220, 230, 3));
    const auto report = analysis.report();
    EXPECT_EQ(report.avoidable_ns, 50U);
    EXPECT_EQ(report.unknown_affinity_waits, 0U);
    EXPECT_EQ(report.cpus[2].idle_while_others_queued_ns, 10U);
}

TEST(IdleAnalysis, ATaskThatRanWhereItMayNotHasAnUnknownAffinity) {
    IdleAnalysis analysis(options(2));
    analysis.affinity({0, victim, {0b10}});
    analysis.ran(idle(1, 100, 200));
    analysis.ran(busy(0, 100, 200));
    analysis.wait(wait(0, 100, 200));
    EXPECT_EQ(analysis.report().unknown_affinity_waits, 1U);
    EXPECT_EQ(analysis.report().avoidable_ns, 0U);
}

TEST(IdleAnalysis, ThrottledWaitsAreLeftOut) {
    IdleAnalysis analysis(options(2));
    analysis.ran(idle(1, 100, 200));
    analysis.ran(busy(0, 100, 200));
    Wait throttled = wait(0, 100, 200);
    throttled.sums.throttled_ns = 1;
    analysis.wait(throttled);
    const auto report = analysis.report();
    EXPECT_EQ(report.throttled_waits, 1U);
    EXPECT_EQ(report.avoidable_waits, 0U);
    EXPECT_EQ(report.idle_while_others_queued_ns, 0U);
    EXPECT_EQ(report.cpus[0].wait_ns, 100U);
}

TEST(IdleAnalysis, WhatIsNotDecidedAtTheEndIsSaid) {
    IdleAnalysis analysis(options(2));
    analysis.ran(idle(1, 100, 150));
    analysis.ran(busy(0, 100, 200));
    analysis.wait(wait(0, 100, 150));
    analysis.wait(wait(0, 120, 200));
    analysis.finish();
    const auto report = analysis.report();
    EXPECT_EQ(report.avoidable_ns, 80U);
    EXPECT_EQ(report.undecided_waits, 1U);  // of the second: CPU 1 may have idled on
}

TEST(IdleAnalysis, AWaitThatWasAvoidableAsAWholeIsDecidedWhateverOthersDo) {
    IdleOptions three = options(3);
    three.online = {0, 1, 2};
    IdleAnalysis analysis(three);  // CPU 2 never says anything
    analysis.ran(idle(1, 100, 300));
    analysis.ran(busy(0, 100, 300));
    analysis.wait(wait(0, 110, 300));
    EXPECT_EQ(analysis.held_waits(), 1U);
    analysis.finish();
    EXPECT_EQ(analysis.report().avoidable_ns, 190U);
    EXPECT_EQ(analysis.report().undecided_waits, 0U);
}

TEST(IdleAnalysis, RunsOfUnknownTimeAndLengthAreNotIdle) {
    IdleAnalysis analysis(options(2));
    Ran nowhere = idle(1, 0, 50);
    nowhere.end_ns = 0;
    analysis.ran(nowhere);            // when it ended is not known
    analysis.ran(idle(1, 100, 100));  // nor when this one began
    analysis.ran(busy(0, 100, 100));
    analysis.ran(busy(1, 100, 300));
    analysis.ran(busy(0, 100, 200));
    analysis.wait(wait(0, 90, 200));
    const auto report = analysis.report();
    EXPECT_EQ(report.avoidable_ns, 0U);
    EXPECT_EQ(report.undecided_waits, 0U);
    EXPECT_EQ(report.cpus[1].idle_ns, 0U);
}

TEST(IdleAnalysis, IgnoresCpusThatThereAreNot) {
    IdleAnalysis analysis(options(1));
    analysis.ran(idle(5, 100, 200));
    analysis.wait(wait(5, 100, 200));
    EXPECT_EQ(analysis.report().waits, 0U);
    EXPECT_TRUE(analysis.report().cpus.empty());
}

TEST(IdleAnalysis, FoldsVictimsThatAreTooMany) {
    IdleOptions few = options(2);
    few.max_victims = 4;
    few.top = 2;
    IdleAnalysis analysis(few);
    std::uint64_t sum_ns = 0;
    analysis.ran(busy(0, 0, 1));
    for (std::uint32_t i = 1; i <= 100; ++i) {
        const std::uint64_t end = i * 1000;
        analysis.ran(idle(1, end - 999, end));
        analysis.ran(busy(0, end - 999, end));
        analysis.wait(wait(0, end - i, end, i));
        sum_ns += i;
    }
    const auto report = analysis.report();
    ASSERT_EQ(report.victims.size(), 3U);
    EXPECT_EQ(report.victims[0].who.id, 100U);
    EXPECT_EQ(report.victims[1].who.id, 99U);
    EXPECT_EQ(report.victims[2].who.kind, Group::Kind::others);
    EXPECT_EQ(report.victims[0].ns + report.victims[1].ns + report.victims[2].ns, sum_ns);
    EXPECT_EQ(report.victims[2].waits, 98U);
}

TEST(MostNamed, FindsTheOneThatIsNamedForMoreThanAQuarter) {
    MostNamed most;
    for (std::uint32_t i = 0; i < 300; ++i) {
        most.add(i % 3 == 0 ? 5 : 100 + i, 10);
    }
    EXPECT_EQ(most.cpu(), 5U);
}

}  // namespace
}  // namespace rqs
