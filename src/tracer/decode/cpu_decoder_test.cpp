// SPDX-License-Identifier: BSD-2-Clause
#include "decode/cpu_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "model/names.h"

namespace rqs {
namespace {

using ::testing::HasSubstr;

template <typename T>
rqs_slot slot_of(const T& record) {
    static_assert(sizeof(T) == sizeof(rqs_slot));
    rqs_slot slot;
    std::memcpy(&slot, &record, sizeof(slot));
    return slot;
}

template <std::size_t size>
void set_comm(char (&to)[size], std::string_view comm) {
    std::memcpy(to, comm.data(), std::min(comm.size(), size));
}

rqs_run run_until(std::uint32_t seq, std::uint64_t end_ns, std::uint32_t tid = 31) {
    rqs_run run{};
    run.kind = RQS_KIND_RUN;
    run.prio = 120;
    run.seq = seq;
    run.end_ns = end_ns;
    run.tid = tid;
    run.pid = tid;
    set_comm(run.comm, "hog");
    run.cgroup_id = 3;
    return run;
}

rqs_wait_a wait_a(std::uint32_t seq, std::uint64_t here_ns) {
    rqs_wait_a a{};
    a.kind = RQS_KIND_WAIT_A;
    a.prio = 120;
    a.seq = seq;
    a.mono_ns = 987'654;
    a.here_ns = here_ns;
    a.tid = 42;
    a.pid = 40;
    set_comm(a.comm, "victim");
    a.cgroup_id = 17;
    return a;
}

rqs_wait_b wait_b(std::uint8_t flags = 0) {
    rqs_wait_b b{};
    b.kind = RQS_KIND_WAIT_B;
    b.flags = flags;
    b.sched_cgroup_id = 18;
    return b;
}

/// Gives the slots to the decoder; the last must complete a wait, and no other.
Wait decode_all(CpuDecoder& decoder, const std::vector<rqs_slot>& slots) {
    Wait wait;
    for (const auto& slot : slots) {
        const auto complete = decoder.take(slot, wait);
        EXPECT_TRUE(complete) << (complete ? "" : complete.error().message);
        EXPECT_EQ(complete.value_or(false), &slot == &slots.back());
    }
    return wait;
}

TEST(CpuDecoder, PutsAWaitTogether) {
    CpuDecoder decoder(6, 64);
    rqs_wait_a a = wait_a(101, 250);
    a.elsewhere_ns = 1000;
    const Wait wait =
        decode_all(decoder, {slot_of(run_until(99, 4000)), slot_of(run_until(100, 5000, 0)),
                             slot_of(run_until(101, 5200)), slot_of(a), slot_of(wait_b())});
    EXPECT_EQ(wait.ts_ns, 987'654U);
    EXPECT_EQ(wait.wait_ns, 1250U);
    EXPECT_EQ(wait.cpu, 6U);
    EXPECT_EQ(wait.task.tid, 42U);
    EXPECT_EQ(wait.task.pid, 40U);
    EXPECT_EQ(wait.task.comm.view(), "victim");
    EXPECT_EQ(wait.prev.tid, 31U);
    EXPECT_EQ(wait.prev.comm.view(), "hog");
    EXPECT_EQ(wait.cgroup_id, 17U);
    EXPECT_EQ(wait.sched_cgroup_id, 18U);
    EXPECT_TRUE(wait.stamped);
    EXPECT_TRUE(wait.complete);
    EXPECT_FALSE(wait.waker);
    EXPECT_EQ(wait.cause, Cause::moved);
    ASSERT_EQ(wait.why.size(), 3U);
    EXPECT_EQ(wait.why[0].kind, PartKind::elsewhere);
    EXPECT_EQ(wait.why[1].kind, PartKind::ran);
    EXPECT_EQ(wait.why[1].ns, 200U);
    EXPECT_EQ(wait.why[1].cgroup_id, 3U);
    EXPECT_EQ(wait.why[2].kind, PartKind::idle);
    EXPECT_EQ(wait.why[2].ns, 50U);
}

TEST(CpuDecoder, AWaitBuildsOnWhatWasShippedBefore) {
    CpuDecoder decoder(0, 64);
    decode_all(decoder, {slot_of(run_until(1, 1000, 5)), slot_of(run_until(2, 1100, 6)),
                         slot_of(wait_a(2, 10)), slot_of(wait_b())});
    const Wait wait = decode_all(
        decoder, {slot_of(run_until(3, 1300, 7)), slot_of(wait_a(3, 290)), slot_of(wait_b())});
    ASSERT_EQ(wait.why.size(), 2U);
    EXPECT_EQ(wait.why[0].task.tid, 7U);
    EXPECT_EQ(wait.why[0].ns, 200U);
    EXPECT_EQ(wait.why[1].task.tid, 6U);
    EXPECT_EQ(wait.why[1].ns, 90U);
}

// mono_ns - 982'654 is the runqueue's clock: at 4600 the hook was there.
TEST(CpuDecoder, WhoRanWhenTheHookCameIsKnownFromThenOn) {
    CpuDecoder decoder(0, 64, 982'654 + 4600);
    const Wait wait = decode_all(
        decoder, {slot_of(run_until(0, 5000)), slot_of(wait_a(0, 900)), slot_of(wait_b())});
    ASSERT_EQ(wait.why.size(), 2U);
    EXPECT_EQ(wait.why[0].kind, PartKind::unknown);
    EXPECT_EQ(wait.why[0].ns, 500U);
    EXPECT_EQ(wait.why[1].kind, PartKind::ran);
    EXPECT_EQ(wait.why[1].ns, 400U);
}

TEST(CpuDecoder, OnlyTheFirstSwitchOfAllHadNoneBefore) {
    CpuDecoder decoder(0, 64, 982'654 + 4600);
    const Wait wait = decode_all(
        decoder, {slot_of(run_until(1, 5000)), slot_of(wait_a(1, 900)), slot_of(wait_b())});
    ASSERT_EQ(wait.why.size(), 1U);
    EXPECT_EQ(wait.why[0].kind, PartKind::unknown);
}

TEST(CpuDecoder, FlagsSayHowFarItIsKnown) {
    CpuDecoder decoder(0, 64);
    std::uint32_t seq = 0;
    const auto flagged = [&](std::uint8_t flags) {
        ++seq;
        return decode_all(decoder, {slot_of(run_until(seq, seq * 100)), slot_of(wait_a(seq, 10)),
                                    slot_of(wait_b(flags))});
    };
    EXPECT_FALSE(flagged(RQS_WAIT_UNSTAMPED).stamped);
    EXPECT_TRUE(flagged(RQS_WAIT_UNSTAMPED).complete);
    EXPECT_FALSE(flagged(RQS_WAIT_NO_BASE).complete);
    EXPECT_TRUE(flagged(0).stamped);
}

TEST(CpuDecoder, TheWakerComesOnlyWhereTheFlagSaysSo) {
    CpuDecoder decoder(0, 64);
    rqs_wait_b b = wait_b();
    b.waker_tid = 71;
    b.waker_pid = 70;
    b.waker_cpu = 3;
    set_comm(b.waker_comm, "waker");
    const auto slots = [&](std::uint32_t seq) {
        return std::vector{slot_of(run_until(seq, seq * 100)), slot_of(wait_a(seq, 10)),
                           slot_of(b)};
    };
    EXPECT_FALSE(decode_all(decoder, slots(1)).waker);
    b.flags = RQS_WAIT_WAKER;
    Wait wait = decode_all(decoder, slots(2));
    ASSERT_TRUE(wait.waker);
    EXPECT_EQ(wait.waker->task.tid, 71U);
    EXPECT_EQ(wait.waker->task.pid, 70U);
    EXPECT_EQ(wait.waker->task.comm.view(), "waker");
    EXPECT_EQ(wait.waker->cpu, 3U);
    EXPECT_FALSE(wait.waker->interrupt);
    b.flags = RQS_WAIT_WAKER | RQS_WAIT_WAKER_IRQ;
    EXPECT_TRUE(decode_all(decoder, slots(3)).waker->interrupt);
}

TEST(CpuDecoder, ThrottlingsReachTheLedger) {
    CpuDecoder decoder(0, 64);
    rqs_throttle throttle{};
    throttle.kind = RQS_KIND_THROTTLE;
    throttle.seq = 3;
    throttle.end_ns = 2000;
    throttle.group = 0xabc00;
    throttle.total_ns = 300;
    throttle.ago_ns = 400;
    rqs_wait_b b = wait_b();
    b.group = throttle.group;
    // The wait names the switch, not the throttling that was found behind it.
    const Wait wait = decode_all(decoder, {slot_of(run_until(1, 1000)), slot_of(run_until(2, 2000)),
                                           slot_of(throttle), slot_of(wait_a(2, 500)), slot_of(b)});
    ASSERT_EQ(wait.why.size(), 2U);
    EXPECT_EQ(wait.why[0].kind, PartKind::throttled);
    EXPECT_EQ(wait.why[0].ns, 300U);
    EXPECT_EQ(wait.cause, Cause::throttled);
}

TEST(CpuDecoder, AFirstLookAtAThrottledGroupIsUnknown) {
    CpuDecoder decoder(0, 64);
    rqs_throttle look{};
    look.kind = RQS_KIND_THROTTLE;
    look.seq = 3;
    look.end_ns = 2000;
    look.group = 1;
    look.total_ns = RQS_THROTTLE_UNKNOWN;
    look.ago_ns = 400;
    rqs_wait_b b = wait_b();
    b.group = 1;
    const Wait wait = decode_all(decoder, {slot_of(run_until(1, 1000)), slot_of(run_until(2, 2000)),
                                           slot_of(look), slot_of(wait_a(2, 500)), slot_of(b)});
    ASSERT_EQ(wait.why.size(), 2U);
    EXPECT_EQ(wait.why[0].kind, PartKind::unknown);
    EXPECT_EQ(wait.why[0].ns, 400U);
}

TEST(CpuDecoder, PoliciesAndKernelThreads) {
    struct Row {
        std::uint8_t raw;
        Policy expected;
    };
    const std::vector<Row> table{{0, Policy::other}, {1, Policy::fifo},     {2, Policy::rr},
                                 {3, Policy::batch}, {4, Policy::other},    {5, Policy::idle},
                                 {7, Policy::ext},   {6, Policy::deadline}, {9, Policy::other}};
    CpuDecoder decoder(0, 64);
    Wait none;
    ASSERT_FALSE(decoder.take(slot_of(run_until(0, 0)), none).value());
    std::uint32_t seq = 0;
    for (const auto& row : table) {
        for (const bool kernel_thread : {false, true}) {
            ++seq;
            rqs_run run = run_until(seq, seq * 100);
            run.policy = static_cast<std::uint8_t>(row.raw | (kernel_thread ? 0x80 : 0));
            rqs_wait_a a = wait_a(seq, 10);
            a.policy = row.raw;
            const Wait wait = decode_all(decoder, {slot_of(run), slot_of(a), slot_of(wait_b())});
            EXPECT_EQ(wait.policy, row.expected);
            EXPECT_EQ(wait.why.at(0).policy, row.expected);
            EXPECT_EQ(wait.why.at(0).kernel_thread, kernel_thread);
        }
    }
}

TEST(CpuDecoder, ANameWithoutAnEndIsCut) {
    CpuDecoder decoder(0, 64);
    rqs_run run = run_until(2, 1000);
    rqs_wait_a a = wait_a(2, 10);
    rqs_wait_b b = wait_b(RQS_WAIT_WAKER);
    const std::string endless(16, 'x');
    set_comm(run.comm, endless);
    set_comm(a.comm, endless);
    set_comm(b.waker_comm, endless);
    const Wait wait =
        decode_all(decoder, {slot_of(run_until(1, 500)), slot_of(run), slot_of(a), slot_of(b)});
    const std::string cut(15, 'x');
    EXPECT_EQ(wait.task.comm.view(), cut);
    EXPECT_EQ(wait.prev.comm.view(), cut);
    EXPECT_EQ(wait.waker->task.comm.view(), cut);
    EXPECT_EQ(wait.why.at(0).task.comm.view(), cut);
}

struct Corrupt {
    const char* what;
    std::vector<rqs_slot> slots;  ///< the last is refused
    const char* message;
};

std::vector<Corrupt> corrupt_streams() {
    rqs_slot zero{};
    rqs_slot high{};
    high.kind = 255;
    rqs_wait_a endless = wait_a(1, 900);
    endless.elsewhere_ns = UINT64_MAX;
    return {
        {"zeroes", {zero}, "unknown kind"},
        {"an unknown kind", {high}, "unknown kind"},
        {"only a second half", {slot_of(wait_b())}, "second half of a wait alone"},
        {"a second half after a run",
         {slot_of(run_until(1, 1000)), slot_of(wait_b())},
         "second half of a wait alone"},
        {"two first halves", {slot_of(wait_a(1, 1)), slot_of(wait_a(1, 1))}, "half a wait"},
        {"a run between the halves",
         {slot_of(wait_a(1, 1)), slot_of(run_until(1, 1000))},
         "half a wait"},
        {"an unknown kind between the halves", {slot_of(wait_a(1, 1)), zero}, "half a wait"},
        {"a wait without any switch", {slot_of(wait_a(1, 1)), slot_of(wait_b())}, "without the"},
        {"a wait of another switch",
         {slot_of(run_until(1, 1000)), slot_of(wait_a(2, 1)), slot_of(wait_b())},
         "without the switch that ended it"},
        {"a wait from before the clock began",
         {slot_of(run_until(1, 1000)), slot_of(wait_a(1, 1001)), slot_of(wait_b())},
         "longer than its CPU's clock"},
        {"a length that overflows",
         {slot_of(run_until(1, 1000)), slot_of(endless), slot_of(wait_b())},
         "longer than its CPU's clock"},
    };
}

TEST(CpuDecoder, ACorruptStreamIsAnErrorThatNamesTheCpu) {
    for (const auto& row : corrupt_streams()) {
        SCOPED_TRACE(row.what);
        CpuDecoder decoder(13, 64);
        Wait wait;
        for (std::size_t i = 0; i + 1 < row.slots.size(); ++i) {
            ASSERT_TRUE(decoder.take(row.slots[i], wait));
        }
        const auto refused = decoder.take(row.slots.back(), wait);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr("CPU 13"));
        EXPECT_THAT(refused.error().message, HasSubstr(row.message));
        EXPECT_EQ(refused.error().code, ExitCode::failure);
    }
}

TEST(CpuDecoder, StartsAfreshAtTheNextGroup) {
    for (const auto& row : corrupt_streams()) {
        SCOPED_TRACE(row.what);
        CpuDecoder decoder(13, 64);
        Wait ignored;
        for (const auto& slot : row.slots) {
            (void)decoder.take(slot, ignored);
        }
        const Wait wait =
            decode_all(decoder, {slot_of(run_until(50, 9000, 8)), slot_of(run_until(51, 9100, 9)),
                                 slot_of(wait_a(51, 80)), slot_of(wait_b())});
        EXPECT_EQ(wait.wait_ns, 80U);
        ASSERT_EQ(wait.why.size(), 1U);
        EXPECT_EQ(wait.why[0].task.tid, 9U);
    }
}

TEST(CpuDecoder, NothingOfTheWaitBeforeStaysInTheNext) {
    CpuDecoder decoder(2, 64);
    Wait wait;
    wait.waker.emplace();
    wait.why.resize(7);
    wait.stamped = false;
    wait.complete = false;
    wait.policy = Policy::fifo;
    wait.cause = Cause::throttled;
    for (const auto& slot :
         {slot_of(run_until(1, 1000)), slot_of(wait_a(1, 0)), slot_of(wait_b())}) {
        ASSERT_TRUE(decoder.take(slot, wait));
    }
    EXPECT_FALSE(wait.waker);
    EXPECT_TRUE(wait.why.empty());
    EXPECT_TRUE(wait.stamped);
    EXPECT_TRUE(wait.complete);
    EXPECT_EQ(wait.policy, Policy::other);
    EXPECT_EQ(wait.cause, Cause::contention);
    EXPECT_EQ(wait.wait_ns, 0U);
}

TEST(Wire, APlaceForEverythingAndNothingOverlaps) {
    EXPECT_EQ(RQS_THROTTLE_OFFSET, sizeof(rqs_cpu));
    EXPECT_EQ(RQS_HISTORY_OFFSET, sizeof(rqs_cpu) + RQS_THROTTLE_SLOTS * sizeof(rqs_throttle_seen));
    EXPECT_EQ(rqs_ring_offset(64), RQS_HISTORY_OFFSET + 64 * sizeof(rqs_slot));
    EXPECT_EQ(rqs_cpu_bytes(64, 1024), rqs_ring_offset(64) + 1024 * sizeof(rqs_slot));
    // The kernel reads end_ns of a throttling through rqs_run (bpf/emit.bpf.h).
    EXPECT_EQ(offsetof(rqs_run, end_ns), offsetof(rqs_throttle, end_ns));
    EXPECT_EQ(offsetof(rqs_run, seq), offsetof(rqs_slot, seq));
    // What user space writes lies in a cache line of its own.
    EXPECT_EQ(offsetof(rqs_cpu, tail) % 64, 0U);
    EXPECT_EQ(sizeof(rqs_cpu) - offsetof(rqs_cpu, tail), 64U);
    EXPECT_EQ(rqs_cpu_bytes(RQS_HISTORY_MIN, 16) % 64, 0U);
}

TEST(DecodeStuck, SaysWhoHasTheCpuAndWhy) {
    rqs_stuck raw{};
    raw.waiting_ns = 3'000'000'000;
    raw.mono_ns = 77;
    raw.cgroup_id = 5;
    raw.cpu = 3;
    raw.tid = 42;
    raw.pid = 40;
    raw.prio = 120;
    raw.running_tid = 9;
    raw.running_pid = 9;
    raw.running_prio = 120;
    set_comm(raw.comm, std::string(16, 'v'));
    set_comm(raw.running_comm, "hog");
    const Stuck stuck = decode_stuck(raw);
    EXPECT_EQ(stuck.waiting_ns, 3'000'000'000U);
    EXPECT_EQ(stuck.ts_ns, 77U);
    EXPECT_EQ(stuck.cgroup_id, 5U);
    EXPECT_EQ(stuck.cpu, 3U);
    EXPECT_EQ(stuck.task.tid, 42U);
    EXPECT_EQ(stuck.task.pid, 40U);
    EXPECT_EQ(stuck.task.comm.view(), std::string(15, 'v'));
    EXPECT_EQ(stuck.running.comm.view(), "hog");
    EXPECT_EQ(stuck.cause, Cause::contention);

    raw.running_prio = 98;
    EXPECT_EQ(decode_stuck(raw).cause, Cause::realtime);
    raw.running_pid = 40;
    EXPECT_EQ(decode_stuck(raw).cause, Cause::self);
    raw.running_tid = 0;
    EXPECT_EQ(decode_stuck(raw).cause, Cause::idle);
    raw.throttled = 1;
    EXPECT_EQ(decode_stuck(raw).cause, Cause::throttled);
}

}  // namespace
}  // namespace rqs
