// SPDX-License-Identifier: BSD-2-Clause
#include "decode/cpu_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "decode/slots_for_test.h"

namespace rqs {
namespace {

using namespace slots_for_test;
using ::testing::ElementsAre;

/// Who came at the one switch of a group with these two halves.
Arrival arrival(const Group& group) {
    CpuDecoder decoder(6);
    Taker taker;
    take(decoder, group.laid_out(), taker);
    return taker.came();
}

TEST(CpuDecoder, EveryFieldOfASwitch) {
    rqs_run run = run_until(0, 5200);
    run.policy = RQS_LEFT_BLOCKED << RQS_LEFT_SHIFT | RQS_POLICY_KTHREAD | 3;
    run.prio = 139;
    run.pid = 30;
    run.ppid = 2;
    run.irq_low = 7;
    run.irq_high = 0xfffe;
    run.steal_low = UINT32_MAX;
    run.steal_high = 1;
    CpuDecoder decoder(6);
    Taker taker;
    take(decoder, Group(0, 250, {slot_of(run)}).laid_out(), taker);
    ASSERT_EQ(taker.switches.size(), 1U);
    const Switch& got = taker.switches[0];
    EXPECT_EQ(got.cpu, 6U);
    EXPECT_EQ(got.clock_ns, 5200U);
    EXPECT_FALSE(got.follows);
    EXPECT_FALSE(got.since_ns);
    EXPECT_EQ(got.task.tid, 31U);
    EXPECT_EQ(got.task.pid, 30U);
    EXPECT_EQ(got.task.comm.view(), "hog");
    EXPECT_EQ(got.ppid, 2U);
    EXPECT_EQ(got.left, Left::blocked);
    EXPECT_EQ(got.prio, 139);
    EXPECT_EQ(got.policy, Policy::batch);
    EXPECT_TRUE(got.kernel_thread);
    EXPECT_EQ(got.cgroup_id, 3U);
    EXPECT_EQ(got.irq_ns, 0xfffe'0000'0007U);  // 48 bits
    EXPECT_EQ(got.steal_ns, 0x1'ffff'ffffU);
    EXPECT_TRUE(got.came);
}

TEST(CpuDecoder, EveryFieldOfAnArrival) {
    Group group(0, 250, {slot_of(run_until(0, 5200))});
    group.a.policy = 1;
    group.a.prio = 98;
    group.a.elsewhere_ns = 1000;
    group.a.cgroup_id = 17;
    group.b.flags = RQS_WAIT_KIND_CREATED << RQS_WAIT_KIND_SHIFT;
    group.b.sched_cgroup_id = 18;
    group.b.group = 0x1234;
    group.b.ppid = 39;
    group.b.run_delay_ns = 7000;
    group.b.runtime_ns = 8000;
    const Arrival got = arrival(group);
    EXPECT_EQ(got.ts_ns, mono_ns);
    EXPECT_EQ(got.here_ns, 250U);
    EXPECT_EQ(got.elsewhere_ns, 1000U);
    EXPECT_EQ(got.task.tid, 42U);
    EXPECT_EQ(got.task.pid, 40U);
    EXPECT_EQ(got.task.comm.view(), "victim");
    EXPECT_EQ(got.ppid, 39U);
    EXPECT_EQ(got.prio, 98);
    EXPECT_EQ(got.policy, Policy::fifo);
    EXPECT_EQ(got.cgroup_id, 17U);
    EXPECT_EQ(got.sched_cgroup_id, 18U);
    EXPECT_EQ(got.group, 0x1234U);
    EXPECT_TRUE(got.stamped);
    EXPECT_TRUE(got.complete);
    EXPECT_EQ(got.kind, WaitKind::created);
    EXPECT_EQ(got.run_delay_ns, 7250U);  // with this CPU's part
    EXPECT_EQ(got.runtime_ns, 8000U);
    EXPECT_FALSE(got.waker);
}

TEST(CpuDecoder, FlagsSayHowFarAWaitIsKnown) {
    Group group(0, 10, {slot_of(run_until(0, 100))});
    group.b.run_delay_ns = 5;
    group.b.flags = RQS_WAIT_UNSTAMPED;
    EXPECT_FALSE(arrival(group).stamped);
    EXPECT_TRUE(arrival(group).complete);
    EXPECT_EQ(arrival(group).run_delay_ns, 5U) << "the kernel does not count this part";
    group.b.flags = RQS_WAIT_NO_BASE;
    EXPECT_TRUE(arrival(group).stamped);
    EXPECT_FALSE(arrival(group).complete);
}

TEST(CpuDecoder, TheWakerComesOnlyWhereTheFlagSaysSo) {
    Group group(0, 10, {slot_of(run_until(0, 100))});
    group.b.waker_tid = 71;
    group.b.waker_pid = 70;
    group.b.waker_cpu = 300;
    set_comm(group.b.waker_comm, "waker");
    EXPECT_FALSE(arrival(group).waker);
    group.b.flags = RQS_WAIT_WAKER;
    const auto waker = arrival(group).waker;
    ASSERT_TRUE(waker);
    EXPECT_EQ(waker->task.tid, 71U);
    EXPECT_EQ(waker->task.pid, 70U);
    EXPECT_EQ(waker->task.comm.view(), "waker");
    EXPECT_EQ(waker->cpu, 300U);
    EXPECT_FALSE(waker->interrupt);
    group.b.flags |= RQS_WAIT_WAKER_IRQ;
    EXPECT_TRUE(arrival(group).waker.value().interrupt);
}

TEST(CpuDecoder, KindsOfWaits) {
    const std::vector<std::pair<unsigned, WaitKind>> table{
        {RQS_WAIT_KIND_WOKEN, WaitKind::woken},     {RQS_WAIT_KIND_PREEMPTED, WaitKind::preempted},
        {RQS_WAIT_KIND_YIELDED, WaitKind::yielded}, {RQS_WAIT_KIND_CREATED, WaitKind::created},
        {RQS_WAIT_KIND_UNKNOWN, WaitKind::unknown}, {15, WaitKind::unknown}};
    for (const auto& [raw, expected] : table) {
        Group group(0, 10, {slot_of(run_until(0, 100))});
        group.b.flags = static_cast<std::uint8_t>(raw << RQS_WAIT_KIND_SHIFT | RQS_WAIT_WAKER);
        EXPECT_EQ(arrival(group).kind, expected) << raw;
        EXPECT_TRUE(arrival(group).waker) << raw;
    }
}

TEST(CpuDecoder, HowATaskLeftPoliciesAndKernelThreadsShareAByte) {
    const std::vector<std::pair<unsigned, Left>> states{{RQS_LEFT_ASLEEP, Left::asleep},
                                                        {RQS_LEFT_BLOCKED, Left::blocked},
                                                        {RQS_LEFT_STOPPED, Left::stopped},
                                                        {RQS_LEFT_DEAD, Left::dead},
                                                        {RQS_LEFT_PREEMPTED, Left::preempted},
                                                        {RQS_LEFT_YIELDED, Left::yielded},
                                                        {7, Left::unknown}};
    const std::vector<std::pair<unsigned, Policy>> policies{
        {0, Policy::other},    {1, Policy::fifo},  {2, Policy::rr},
        {3, Policy::batch},    {4, Policy::other}, {5, Policy::idle},
        {6, Policy::deadline}, {7, Policy::ext},   {9, Policy::other}};
    for (const auto& [state, left] : states) {
        for (const auto& [raw, policy] : policies) {
            for (const unsigned kthread : {0U, 0x80U}) {
                rqs_run run = run_until(0, 100);
                run.policy = static_cast<std::uint8_t>(state << RQS_LEFT_SHIFT | raw | kthread);
                Group group(0, 10, {slot_of(run)});
                group.a.policy = run.policy;
                CpuDecoder decoder(0);
                Taker taker;
                take(decoder, group.laid_out(), taker);
                EXPECT_EQ(taker.switches.at(0).left, left);
                EXPECT_EQ(taker.switches.at(0).policy, policy);
                EXPECT_EQ(taker.switches.at(0).kernel_thread, kthread != 0);
                EXPECT_EQ(taker.came().policy, policy);
            }
        }
    }
}

TEST(CpuDecoder, EveryFieldOfAThrottleLook) {
    rqs_throttle first = look_at(2, 3000);
    first.group = 0xffff'0000'1234U;  // the low half is the number
    first.total_ns = RQS_THROTTLE_UNKNOWN;
    CpuDecoder decoder(6);
    Taker taker;
    take(decoder,
         Group(0, 10, {slot_of(run_until(0, 2000)), slot_of(look_at(1, 2000)), slot_of(first)})
             .laid_out(),
         taker);
    ASSERT_EQ(taker.looks.size(), 2U);
    const ThrottleLook& got = taker.looks[0];
    EXPECT_EQ(got.cpu, 6U);
    EXPECT_EQ(got.group, 0xabc00U);
    EXPECT_EQ(got.found_ns, 2000U);
    EXPECT_EQ(got.total_ns, 300U);
    EXPECT_EQ(got.ago_ns, 400U);
    EXPECT_EQ(got.since_ns, 100U);
    EXPECT_EQ(taker.looks[1].group, 0x1234U);
    EXPECT_FALSE(taker.looks[1].total_ns) << "a first look does not tell how long";
}

TEST(CpuDecoder, ALookComesBeforeTheSwitchThatBringsTheWaitItExplains) {
    CpuDecoder decoder(0);
    Taker taker;
    // The hook writes the switch first, then looks.
    take(decoder,
         Group(3, 10,
               {slot_of(run_until(0, 100)), slot_of(look_at(1, 100)), slot_of(run_until(2, 200)),
                slot_of(run_until(3, 300)), slot_of(look_at(4, 300))})
             .laid_out(),
         taker);
    EXPECT_EQ(taker.order, "STSTA");
    EXPECT_THAT(taker.clocks(), ElementsAre(100, 200, 300));
    EXPECT_THAT(taker.follows(), ElementsAre(false, true, true));
}

TEST(CpuDecoder, ACircleBeginsAnywhere) {
    std::vector<rqs_slot> history;
    for (std::uint32_t i = 0; i < 8; ++i) {
        history.push_back(slot_of(run_until(i, 100 * (i + 1))));
    }
    for (std::uint16_t first = 0; first < 8; ++first) {
        for (const std::uint64_t tail : {0U, 5U, 0xffff'fffeU}) {
            CpuDecoder decoder(0);
            Taker taker;
            take(decoder, Group(7, 10, history).laid_out(first), taker, tail);
            EXPECT_THAT(taker.clocks(), ElementsAre(100, 200, 300, 400, 500, 600, 700, 800));
            EXPECT_EQ(taker.order, "SSSSSSSA");
        }
    }
}

TEST(CpuDecoder, RunsThatNobodyWantsAreLeftOut) {
    std::vector<rqs_slot> history;
    for (std::uint32_t i = 0; i < 8; ++i) {
        history.push_back(slot_of(run_until(i, 100 * (i + 1))));
    }
    for (std::uint16_t first = 0; first < 8; ++first) {
        CpuDecoder decoder(0);
        Taker taker;
        taker.runs = false;
        take(decoder, Group(7, 10, history).laid_out(first), taker);
        EXPECT_EQ(taker.order.back(), 'A');
        EXPECT_LE(taker.order.size(), 2U);
        EXPECT_EQ(taker.came().here_ns, 10U);
        EXPECT_EQ(taker.clocks().back(), 800U);
    }
}

TEST(CpuDecoder, SwitchesFollowAcrossGroupsAndTheEndOfNumbers) {
    constexpr std::uint32_t last = UINT32_MAX;
    auto slots = Group(last, 10, {slot_of(run_until(last, 100)), slot_of(look_at(0, 100))});
    auto next = Group(1, 10, {slot_of(run_until(1, 200))}).laid_out();
    auto all = slots.laid_out();
    all.insert(all.end(), next.begin(), next.end());
    CpuDecoder decoder(0);
    Taker taker;
    take(decoder, all, taker);
    EXPECT_EQ(taker.order, "TAA");
    EXPECT_THAT(taker.follows(), ElementsAre(false, true));
}

TEST(CpuDecoder, WhatWasOverwrittenIsAGap) {
    CpuDecoder decoder(0);
    Taker taker;
    take(decoder, Group(1, 10, {slot_of(run_until(1, 100))}).laid_out(), taker);
    take(decoder, Group(6, 10, {slot_of(run_until(5, 500)), slot_of(run_until(6, 600))}).laid_out(),
         taker);
    EXPECT_THAT(taker.follows(), ElementsAre(false, false, true));
}

// The look is the oldest that is left: the switches before it are gone, so that nobody knows since
// when the one behind it had the CPU.
TEST(CpuDecoder, ALookAtTheEndOfAGapDoesNotHideIt) {
    CpuDecoder decoder(0);
    Taker taker;
    take(decoder, Group(1, 10, {slot_of(run_until(1, 100))}).laid_out(), taker);
    take(decoder,
         Group(7, 10,
               {slot_of(look_at(4, 400)), slot_of(look_at(5, 400)), slot_of(run_until(6, 600)),
                slot_of(run_until(7, 700))})
             .laid_out(),
         taker);
    EXPECT_EQ(taker.order, "ATTSA");
    EXPECT_THAT(taker.follows(), ElementsAre(false, false, true));
}

// mono_ns is 5000 on the runqueue's clock, so that the hook was there at 4600.
TEST(CpuDecoder, WhoRanWhenTheHookCameIsKnownFromThenOn) {
    CpuDecoder decoder(0, mono_ns - 400);
    Taker taker;
    take(decoder,
         Group(1, 10, {slot_of(run_until(0, 4800)), slot_of(run_until(1, 5000))}).laid_out(),
         taker);
    EXPECT_EQ(taker.switches.at(0).since_ns, 4600U);
    EXPECT_FALSE(taker.switches.at(1).since_ns);
}

TEST(CpuDecoder, OnlyTheFirstSwitchOfAllHadNoneBefore) {
    const auto since = [](std::uint64_t attached_ns, std::uint32_t seq, std::uint64_t end_ns) {
        CpuDecoder decoder(0, attached_ns);
        Taker taker;
        take(
            decoder,
            Group(seq + 1, 10, {slot_of(run_until(seq, end_ns)), slot_of(run_until(seq + 1, 5000))})
                .laid_out(),
            taker);
        return taker.switches.at(0).since_ns;
    };
    EXPECT_EQ(since(mono_ns - 400, 0, 4800), 4600U);
    EXPECT_FALSE(since(mono_ns - 400, 1, 4800)) << "others came before it";
    EXPECT_FALSE(since(0, 0, 4800)) << "nobody said when the hook came";
    EXPECT_FALSE(since(mono_ns - 400, 0, 4500)) << "it left before the hook is known to be there";
    EXPECT_FALSE(since(mono_ns - 5001, 0, 4800)) << "the clock did not run yet";
    EXPECT_EQ(since(mono_ns + 1, 0, 5000), 5000U);
}

TEST(CpuDecoder, WhenTheHookCameIsToldOnce) {
    CpuDecoder decoder(0, mono_ns - 400);
    Taker taker;
    take(decoder, Group(9, 10, {slot_of(run_until(9, 5000))}).laid_out(), taker);
    take(decoder, Group(0, 10, {slot_of(run_until(0, 6000))}).laid_out(), taker);
    EXPECT_FALSE(taker.switches.at(1).since_ns);
}

TEST(CpuDecoder, ANameWithoutAnEndIsCut) {
    rqs_run run = run_until(0, 100);
    Group group(0, 10, {});
    group.b.flags = RQS_WAIT_WAKER;
    group.b.count = 1;
    const std::string endless(16, 'x');
    set_comm(run.comm, endless);
    set_comm(group.a.comm, endless);
    set_comm(group.b.waker_comm, endless);
    group.history = {slot_of(run)};
    CpuDecoder decoder(0);
    Taker taker;
    take(decoder, group.laid_out(), taker);
    const std::string cut(15, 'x');
    EXPECT_EQ(taker.switches.at(0).task.comm.view(), cut);
    EXPECT_EQ(taker.came().task.comm.view(), cut);
    EXPECT_EQ(taker.came().waker->task.comm.view(), cut);
}

}  // namespace
}  // namespace rqs
