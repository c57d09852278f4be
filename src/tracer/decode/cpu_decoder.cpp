// SPDX-License-Identifier: BSD-2-Clause
#include "decode/cpu_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "decode/raw_comm.h"

namespace rqs {
namespace {

template <typename T>
T view_as(const rqs_slot& slot) {
    static_assert(sizeof(T) == sizeof(rqs_slot));
    T value;
    std::memcpy(&value, &slot, sizeof(value));
    return value;
}

Policy policy_of(rqs_u8 raw) {
    switch (raw & RQS_POLICY_MASK) {
        case 1:
            return Policy::fifo;
        case 2:
            return Policy::rr;
        case 3:
            return Policy::batch;
        case 5:
            return Policy::idle;
        case 6:
            return Policy::deadline;
        case 7:
            return Policy::ext;
        default:
            return Policy::other;
    }
}

Left left_of(rqs_u8 policy) {
    switch ((policy & RQS_LEFT_MASK) >> RQS_LEFT_SHIFT) {
        case RQS_LEFT_ASLEEP:
            return Left::asleep;
        case RQS_LEFT_BLOCKED:
            return Left::blocked;
        case RQS_LEFT_STOPPED:
            return Left::stopped;
        case RQS_LEFT_DEAD:
            return Left::dead;
        case RQS_LEFT_PREEMPTED:
            return Left::preempted;
        case RQS_LEFT_YIELDED:
            return Left::yielded;
        default:
            return Left::unknown;
    }
}

WaitKind kind_of(unsigned raw) {
    switch (raw) {
        case RQS_WAIT_KIND_WOKEN:
            return WaitKind::woken;
        case RQS_WAIT_KIND_PREEMPTED:
            return WaitKind::preempted;
        case RQS_WAIT_KIND_YIELDED:
            return WaitKind::yielded;
        case RQS_WAIT_KIND_CREATED:
            return WaitKind::created;
        default:
            return WaitKind::unknown;
    }
}

Waker waker_of(const rqs_wait_b& b) {
    Waker waker;
    waker.task = {b.waker_tid, b.waker_pid, comm_of(b.waker_comm)};
    waker.cpu = b.waker_cpu;
    waker.interrupt = (b.flags & RQS_WAIT_WAKER_IRQ) != 0;
    return waker;
}

std::uint64_t joined(rqs_u16 high, rqs_u32 low) {
    return std::uint64_t{high} << 32 | low;
}

}  // namespace

tl::unexpected<Error> CpuDecoder::corrupt(const char* what) const {
    return fail(fmt::format("the ring of CPU {} holds {}; please report this", cpu_, what));
}

Result<CpuDecoder::Group> CpuDecoder::look(const SlotRing& ring, std::uint64_t tail,
                                           std::uint64_t head) const {
    if (head - tail < RQS_WAIT_SLOTS || ring.at(tail).kind != RQS_KIND_WAIT_A ||
        ring.at(tail + 1).kind != RQS_KIND_WAIT_B) {
        return corrupt("no wait where one should begin");
    }
    const auto b = view_as<rqs_wait_b>(ring.at(tail + 1));
    const Group group{view_as<rqs_wait_a>(ring.at(tail)).mono_ns,
                      std::uint64_t{RQS_WAIT_SLOTS} + b.count};
    if (group.slots > head - tail || (b.count > 0 && b.first >= b.count)) {
        return corrupt("a group that does not end");
    }
    return group;
}

bool CpuDecoder::follows(std::uint32_t seq) {
    const bool next = has_seq_ && seq == next_seq_;
    has_seq_ = true;
    next_seq_ = seq + 1;
    return next;
}

Switch CpuDecoder::switch_of(const rqs_slot& slot) {
    const auto raw = view_as<rqs_run>(slot);
    Switch record;
    record.cpu = cpu_;
    record.clock_ns = raw.end_ns;
    record.follows = follows(raw.seq) && !behind_gap_;
    behind_gap_ = false;
    record.task = {raw.tid, raw.pid, comm_of(raw.comm)};
    record.ppid = raw.ppid;
    record.left = left_of(raw.policy);
    record.prio = raw.prio;
    record.policy = policy_of(raw.policy);
    record.kernel_thread = (raw.policy & RQS_POLICY_KTHREAD) != 0;
    record.cgroup_id = raw.cgroup_id;
    record.irq_ns = joined(raw.irq_high, raw.irq_low);
    record.steal_ns = joined(raw.steal_high, raw.steal_low);
    return record;
}

ThrottleLook CpuDecoder::throttle_of(const rqs_slot& slot) {
    const auto raw = view_as<rqs_throttle>(slot);
    // It takes a number between two switches, and no time: what lacks before it lacks before the
    // switch behind it.
    behind_gap_ = !follows(raw.seq) || behind_gap_;
    ThrottleLook look;
    look.cpu = cpu_;
    look.group = static_cast<std::uint32_t>(raw.group);
    look.found_ns = raw.end_ns;
    if (raw.total_ns != RQS_THROTTLE_UNKNOWN) {
        look.total_ns = raw.total_ns;
    }
    look.ago_ns = raw.ago_ns;
    look.since_ns = raw.since_ns;
    return look;
}

Result<Arrival> CpuDecoder::arrival_of(const Waiting& wait, const Switch& at) const {
    const auto& [a, b] = wait;
    if (a.here_ns > at.clock_ns || a.here_ns + a.elsewhere_ns < a.here_ns) {
        return corrupt("a wait longer than its CPU's clock");
    }
    Arrival came;
    came.ts_ns = a.mono_ns;
    came.here_ns = a.here_ns;
    came.elsewhere_ns = a.elsewhere_ns;
    came.task = {a.tid, a.pid, comm_of(a.comm)};
    came.ppid = b.ppid;
    came.prio = a.prio;
    came.policy = policy_of(a.policy);
    came.kernel_thread = (a.policy & RQS_POLICY_KTHREAD) != 0;
    came.cgroup_id = a.cgroup_id;
    came.sched_cgroup_id = b.sched_cgroup_id;
    came.group = b.group;
    came.stamped = (b.flags & RQS_WAIT_UNSTAMPED) == 0;
    came.complete = (b.flags & RQS_WAIT_NO_BASE) == 0;
    came.kind = kind_of(b.flags >> RQS_WAIT_KIND_SHIFT);
    // The hook comes before the kernel closes its books: this CPU's part is not in yet.
    came.run_delay_ns = b.run_delay_ns + (came.stamped ? a.here_ns : 0);
    came.runtime_ns = b.runtime_ns;
    if ((b.flags & RQS_WAIT_WAKER) != 0) {
        came.waker = waker_of(b);
    }
    return came;
}

// The task that had the CPU when the hook came has had it since then, if nothing was switched
// before. The first wait says how the two clocks stand to each other.
std::optional<std::uint64_t> CpuDecoder::attached_clock(const Slots& slots,
                                                        const rqs_wait_a& wait) {
    const std::uint64_t ago_ns = wait.mono_ns - std::min<std::uint64_t>(wait.mono_ns, attached_ns_);
    const bool known = attached_ns_ != 0;
    attached_ns_ = 0;
    for (std::uint32_t i = slots.count; known && i-- > 0;) {
        const auto run = view_as<rqs_run>(slots.at(i));
        if (run.kind == RQS_KIND_RUN && run.seq == wait.seq && ago_ns <= run.end_ns) {
            return run.end_ns - ago_ns;
        }
    }
    return std::nullopt;
}

Status CpuDecoder::take(const SlotRing& ring, std::uint64_t tail, RecordHandler& handler) {
    const Waiting wait{view_as<rqs_wait_a>(ring.at(tail)), view_as<rqs_wait_b>(ring.at(tail + 1))};
    const Slots slots{ring, tail + RQS_WAIT_SLOTS, wait.b.first, wait.b.count};
    const auto since_ns = attached_clock(slots, wait.a);
    // The switch at which the wait ended is the last of the group, perhaps before a throttle look,
    // and is handed on behind it: it brings the wait that the look explains.
    std::optional<Switch> last;
    const std::uint32_t first = handler.wants_runs() ? 0 : std::max(slots.count, 2U) - 2;
    for (std::uint32_t i = first; i < slots.count; ++i) {
        const rqs_slot& slot = slots.at(i);
        if (slot.kind == RQS_KIND_THROTTLE) {
            handler.on_throttle(throttle_of(slot));
            continue;
        }
        if (slot.kind != RQS_KIND_RUN || last) {
            return corrupt("a slot of an unknown kind");
        }
        Switch record = switch_of(slot);
        if (slot.seq == 0 && since_ns && *since_ns <= record.clock_ns) {
            record.since_ns = since_ns;
        }
        if (slot.seq == wait.a.seq) {
            last = record;
        } else {
            handler.on_switch(record);
        }
    }
    if (!last) {
        return corrupt("a wait without the switch that ended it");
    }
    auto came = arrival_of(wait, *last);
    if (!came) {
        return tl::unexpected(came.error());
    }
    last->came = std::move(*came);
    handler.on_switch(*last);
    return {};
}

Stuck decode_stuck(const rqs_stuck& raw) {
    Stuck stuck;
    stuck.ts_ns = raw.mono_ns;
    stuck.waiting_ns = raw.waiting_ns;
    stuck.cpu = raw.cpu;
    stuck.task = {raw.tid, raw.pid, comm_of(raw.comm)};
    stuck.running = {raw.running_tid, raw.running_pid, comm_of(raw.running_comm)};
    stuck.cgroup_id = raw.cgroup_id;
    stuck.sched_cgroup_id = raw.sched_cgroup_id;
    stuck.prio = raw.prio;
    stuck.policy = policy_of(raw.policy);
    stuck.kind = kind_of(raw.wait_kind);
    stuck.throttled = raw.throttled != 0;
    stuck.running_prio = raw.running_prio;
    return stuck;
}

}  // namespace rqs
