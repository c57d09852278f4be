// SPDX-License-Identifier: BSD-2-Clause
// A ring that does not hold what contract/wire.h says: an error that names the CPU, never a record
// that nobody wrote.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "decode/cpu_decoder.h"
#include "decode/slots_for_test.h"

namespace rqs {
namespace {

using namespace slots_for_test;
using ::testing::HasSubstr;

struct Corrupt {
    const char* what;
    std::vector<rqs_slot> slots;
    const char* message;
};

const rqs_slot zero{};
const rqs_slot run_one = slot_of(run_until(1, 1000));
const rqs_slot run_two = slot_of(run_until(2, 1100));
const rqs_slot look_two = slot_of(look_at(2, 1000));

/// A good group of one switch.
Group good() {
    return {1, 900, {run_one}};
}

std::vector<rqs_slot> without(std::vector<rqs_slot> slots, std::ptrdiff_t index) {
    slots.erase(slots.begin() + index);
    return slots;
}

std::vector<rqs_slot> half(rqs_wait_b b) {
    auto slots = good().laid_out();
    slots[1] = slot_of(b);
    return slots;
}

std::vector<rqs_slot> of_counts(std::uint16_t count, std::uint16_t first) {
    rqs_wait_b b = good().b;
    b.count = count;
    b.first = first;
    return half(b);
}

/// look() refuses these.
std::vector<Corrupt> not_groups() {
    const char* const no_wait = "no wait where one should begin";
    const char* const endless = "a group that does not end";
    return {
        {"zeroes", {zero, zero, zero}, no_wait},
        {"one slot", {slot_of(good().a)}, no_wait},
        {"no first half", without(good().laid_out(), 0), no_wait},
        {"no second half", without(good().laid_out(), 1), no_wait},
        {"two first halves", {slot_of(good().a), slot_of(good().a), run_one}, no_wait},
        {"history before the wait", {run_one, slot_of(good().a), slot_of(good().b)}, no_wait},
        {"one slot less than it claims", of_counts(2, 0), endless},
        {"no history", without(good().laid_out(), 2), endless},
        {"as many as can be said", of_counts(UINT16_MAX, 0), endless},
        {"a circle that begins outside", of_counts(1, 1), endless},
    };
}

Group of_here(std::uint64_t here_ns, std::uint64_t elsewhere_ns = 0) {
    Group group = good();
    group.a.here_ns = here_ns;
    group.a.elsewhere_ns = elsewhere_ns;
    return group;
}

/// look() takes these for groups, take() finds what is wrong.
std::vector<Corrupt> not_histories() {
    const char* const kind = "a slot of an unknown kind";
    const char* const no_switch = "a wait without the switch that ended it";
    const char* const too_long = "a wait longer than its CPU's clock";
    return {
        {"a group without history", Group(1, 10, {}).laid_out(), no_switch},
        {"a circle of nothing that begins somewhere", without(of_counts(0, 7), 2), no_switch},
        {"a slot that nobody wrote", Group(1, 10, {zero, run_one}).laid_out(), kind},
        {"a wait within the history", Group(1, 10, {slot_of(good().a), run_one}).laid_out(), kind},
        {"another switch behind its own", Group(1, 10, {run_one, run_two}).laid_out(), kind},
        {"one behind the look", Group(1, 10, {run_one, look_two, run_two}).laid_out(), kind},
        {"its own switch twice", Group(1, 10, {run_one, run_one}).laid_out(), kind},
        {"only another's switch", Group(2, 10, {run_one}).laid_out(), no_switch},
        {"only a look of that number", Group(2, 10, {run_one, look_two}).laid_out(), no_switch},
        {"from before the clock began", of_here(1001).laid_out(), too_long},
        {"a length that overflows", of_here(900, UINT64_MAX).laid_out(), too_long},
    };
}

void expect_refused(const Corrupt& row, CpuDecoder& decoder) {
    SCOPED_TRACE(row.what);
    Taker taker;
    const Status refused = Ring(row.slots, 3).take_all(decoder, taker);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("CPU 13 holds"));
    EXPECT_THAT(refused.error().message, HasSubstr(row.message));
    EXPECT_EQ(refused.error().code, ExitCode::failure);
    for (const Switch& record : taker.switches) {
        EXPECT_FALSE(record.came) << "no wait comes out of it";
    }
}

TEST(CorruptRing, LookFindsWhatIsNoGroup) {
    for (const Corrupt& row : not_groups()) {
        SCOPED_TRACE(row.what);
        Ring ring(row.slots, 3);
        EXPECT_FALSE(ring.look(CpuDecoder(13)));
        CpuDecoder decoder(13);
        expect_refused(row, decoder);
    }
}

TEST(CorruptRing, TakeFindsWhatIsNoHistory) {
    for (const Corrupt& row : not_histories()) {
        SCOPED_TRACE(row.what);
        Ring ring(row.slots, 3);
        EXPECT_TRUE(ring.look(CpuDecoder(13)));
        CpuDecoder decoder(13);
        expect_refused(row, decoder);
    }
}

// More than is published is never read, even where the slots would be good: their writer may be at
// them.
TEST(CorruptRing, OnlyWhatIsPublishedCounts) {
    const auto slots = Group(2, 10, {run_one, run_two}).laid_out();
    const SlotRing ring{slots.data(), 3};
    const CpuDecoder decoder(13);
    for (std::uint64_t head = 0; head < 4; ++head) {
        EXPECT_FALSE(decoder.look(ring, 0, head)) << head;
    }
    const auto group = decoder.look(ring, 0, 4);
    ASSERT_TRUE(group);
    EXPECT_EQ(group->slots, 4U);
    EXPECT_EQ(group->ts_ns, mono_ns);
}

TEST(CorruptRing, TheNextGroupIsGoodAgain) {
    for (const auto& rows : {not_groups(), not_histories()}) {
        for (const Corrupt& row : rows) {
            CpuDecoder decoder(13);
            expect_refused(row, decoder);
            Taker taker;
            take(decoder, Group(50, 80, {slot_of(run_until(50, 9000, 9))}).laid_out(), taker);
            EXPECT_EQ(taker.order, "A");
            EXPECT_THAT(taker.follows(), ::testing::ElementsAre(false));
            EXPECT_EQ(taker.came().here_ns, 80U);
        }
    }
}

TEST(CorruptRing, TheLargestGroupThereCanBe) {
    std::vector<rqs_slot> history;
    for (std::uint32_t i = 0; i < RQS_HISTORY_MAX; ++i) {
        history.push_back(slot_of(run_until(i, 100 + i)));
    }
    CpuDecoder decoder(0);
    Taker taker;
    take(decoder, Group(RQS_HISTORY_MAX - 1, 10, history).laid_out(RQS_HISTORY_MAX - 1), taker, 77);
    EXPECT_EQ(taker.switches.size(), std::size_t{RQS_HISTORY_MAX});
    EXPECT_EQ(taker.came().here_ns, 10U);
}

TEST(Wire, APlaceForEverythingAndNothingOverlaps) {
    EXPECT_EQ(RQS_THROTTLE_OFFSET, sizeof(rqs_cpu));
    EXPECT_EQ(RQS_RING_OFFSET, sizeof(rqs_cpu) + RQS_THROTTLE_SLOTS * sizeof(rqs_throttle_seen));
    EXPECT_EQ(rqs_cpu_bytes(1024), RQS_RING_OFFSET + 1024 * sizeof(rqs_slot));
    EXPECT_EQ(offsetof(rqs_run, kind), offsetof(rqs_throttle, kind));
    EXPECT_EQ(offsetof(rqs_run, seq), offsetof(rqs_slot, seq));
    EXPECT_EQ(offsetof(rqs_throttle, seq), offsetof(rqs_slot, seq));
    // What user space writes lies in a cache line of its own.
    EXPECT_EQ(offsetof(rqs_cpu, tail) % 64, 0U);
    EXPECT_EQ(sizeof(rqs_cpu) - offsetof(rqs_cpu, tail), 64U);
    EXPECT_EQ(RQS_RING_OFFSET % 64, 0);
    // A group says its length in 16 bits.
    EXPECT_LE(RQS_HISTORY_MAX, UINT16_MAX);
}

TEST(DecodeStuck, EveryField) {
    rqs_stuck raw{};
    raw.waiting_ns = 3'000'000'000;
    raw.mono_ns = 77;
    raw.cgroup_id = 5;
    raw.sched_cgroup_id = 6;
    raw.cpu = 3;
    raw.tid = 42;
    raw.pid = 40;
    raw.prio = 98;
    raw.policy = 2;
    raw.wait_kind = RQS_WAIT_KIND_PREEMPTED;
    raw.running_tid = 9;
    raw.running_pid = 8;
    raw.running_prio = 120;
    raw.throttled = 1;
    set_comm(raw.comm, std::string(16, 'v'));
    set_comm(raw.running_comm, "hog");
    const Stuck stuck = decode_stuck(raw);
    EXPECT_EQ(stuck.waiting_ns, 3'000'000'000U);
    EXPECT_EQ(stuck.ts_ns, 77U);
    EXPECT_EQ(stuck.cgroup_id, 5U);
    EXPECT_EQ(stuck.sched_cgroup_id, 6U);
    EXPECT_EQ(stuck.cpu, 3U);
    EXPECT_EQ(stuck.task.tid, 42U);
    EXPECT_EQ(stuck.task.pid, 40U);
    EXPECT_EQ(stuck.task.comm.view(), std::string(15, 'v'));
    EXPECT_EQ(stuck.prio, 98);
    EXPECT_EQ(stuck.policy, Policy::rr);
    EXPECT_EQ(stuck.kind, WaitKind::preempted);
    EXPECT_EQ(stuck.running.tid, 9U);
    EXPECT_EQ(stuck.running.pid, 8U);
    EXPECT_EQ(stuck.running.comm.view(), "hog");
    EXPECT_EQ(stuck.running_prio, 120);
    EXPECT_TRUE(stuck.throttled);
    raw.throttled = 0;
    EXPECT_FALSE(decode_stuck(raw).throttled);
}

}  // namespace
}  // namespace rqs
