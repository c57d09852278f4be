// SPDX-License-Identifier: BSD-2-Clause
#include "decode/cpu_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace rqs {
namespace {

template <typename T>
T view_as(const rqs_slot& slot) {
    static_assert(sizeof(T) == sizeof(rqs_slot));
    T value;
    std::memcpy(&value, &slot, sizeof(value));
    return value;
}

Comm comm_of(const char* raw) {
    Comm comm;
    std::memcpy(comm.bytes.data(), raw, comm.bytes.size());
    comm.bytes.back() = '\0';
    return comm;
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

Waker waker_of(const rqs_wait_b& b) {
    Waker waker;
    waker.task = {b.waker_tid, b.waker_pid, comm_of(b.waker_comm)};
    waker.cpu = b.waker_cpu;
    waker.interrupt = (b.flags & RQS_WAIT_WAKER_IRQ) != 0;
    return waker;
}

}  // namespace

// More than the kernel's history: a long wait needs what was shipped with the waits before it.
CpuDecoder::CpuDecoder(std::uint32_t cpu, std::size_t history, std::uint64_t attached_ns)
    : cpu_(cpu), attached_ns_(attached_ns), timeline_(std::max<std::size_t>(history * 2, 1024)) {}

tl::unexpected<Error> CpuDecoder::corrupt(const char* what) {
    open_.reset();
    return fail(fmt::format("the ring of CPU {} holds {}; please report this", cpu_, what));
}

Result<bool> CpuDecoder::take(const rqs_slot& slot, Wait& out) {
    if (open_ && slot.kind != RQS_KIND_WAIT_B) {
        return corrupt("half a wait");
    }
    switch (slot.kind) {
        case RQS_KIND_RUN:
            take_run(slot);
            return false;
        case RQS_KIND_THROTTLE:
            take_throttle(slot);
            return false;
        case RQS_KIND_WAIT_A:
            open_ = view_as<rqs_wait_a>(slot);
            return false;
        case RQS_KIND_WAIT_B:
            return open_ ? finish_wait(slot, out) : corrupt("the second half of a wait alone");
        default:
            return corrupt("a slot of an unknown kind");
    }
}

void CpuDecoder::take_run(const rqs_slot& slot) {
    const auto raw = view_as<rqs_run>(slot);
    Switch entry;
    entry.seq = raw.seq;
    entry.run.end_ns = raw.end_ns;
    entry.run.irq_ns = raw.irq_ns;
    entry.run.steal_ns = raw.steal_ns;
    entry.run.cgroup_id = raw.cgroup_id;
    entry.run.task = {raw.tid, raw.pid, comm_of(raw.comm)};
    entry.run.prio = raw.prio;
    entry.run.policy = policy_of(raw.policy);
    entry.run.kernel_thread = (raw.policy & RQS_POLICY_KTHREAD) != 0;
    timeline_.add(entry);
}

void CpuDecoder::take_throttle(const rqs_slot& slot) {
    const auto raw = view_as<rqs_throttle>(slot);
    ThrottleLook look;
    look.seq = raw.seq;
    look.group = raw.group;
    look.found_ns = raw.end_ns;
    if (raw.total_ns != RQS_THROTTLE_UNKNOWN) {
        look.total_ns = raw.total_ns;
    }
    look.ago_ns = raw.ago_ns;
    look.since_ns = raw.since_ns;
    timeline_.add_throttling(look);
}

// The first wait says how the two clocks stand to each other.
void CpuDecoder::tell_when_attached(std::uint64_t mono_ns, std::uint64_t clock_ns) {
    const std::uint64_t ago_ns = mono_ns - std::min(mono_ns, attached_ns_);
    if (attached_ns_ != 0 && ago_ns <= clock_ns) {
        timeline_.nothing_before_first_since(clock_ns - ago_ns);
    }
    attached_ns_ = 0;
}

Result<bool> CpuDecoder::finish_wait(const rqs_slot& slot, Wait& out) {
    const rqs_wait_a a = *open_;
    const auto b = view_as<rqs_wait_b>(slot);
    open_.reset();
    if (timeline_.newest_seq() != a.seq) {
        return corrupt("a wait without the switch that ended it");
    }
    const Run& last = *timeline_.newest();
    if (a.here_ns > last.end_ns || a.here_ns + a.elsewhere_ns < a.here_ns) {
        return corrupt("a wait longer than its CPU's clock");
    }
    tell_when_attached(a.mono_ns, last.end_ns);
    out.ts_ns = a.mono_ns;
    out.wait_ns = a.here_ns + a.elsewhere_ns;
    out.cpu = cpu_;
    out.task = {a.tid, a.pid, comm_of(a.comm)};
    out.prev = last.task;
    out.cgroup_id = a.cgroup_id;
    out.sched_cgroup_id = b.sched_cgroup_id;
    out.prio = a.prio;
    out.policy = policy_of(a.policy);
    out.stamped = (b.flags & RQS_WAIT_UNSTAMPED) == 0;
    out.complete = (b.flags & RQS_WAIT_NO_BASE) == 0;
    out.waker.reset();
    if ((b.flags & RQS_WAIT_WAKER) != 0) {
        out.waker = waker_of(b);
    }
    Window window;
    window.start_ns = last.end_ns - a.here_ns;
    window.end_ns = last.end_ns;
    window.elsewhere_ns = a.elsewhere_ns;
    window.group = b.group;
    ledger_.explain(timeline_, window, out);
    return true;
}

Stuck decode_stuck(const rqs_stuck& raw) {
    Stuck stuck;
    stuck.ts_ns = raw.mono_ns;
    stuck.waiting_ns = raw.waiting_ns;
    stuck.cpu = raw.cpu;
    stuck.task = {raw.tid, raw.pid, comm_of(raw.comm)};
    stuck.running = {raw.running_tid, raw.running_pid, comm_of(raw.running_comm)};
    stuck.cgroup_id = raw.cgroup_id;
    if (raw.throttled != 0) {
        stuck.cause = Cause::throttled;
    } else if (raw.running_tid == 0) {
        stuck.cause = Cause::idle;
    } else if (raw.running_pid == raw.pid) {
        stuck.cause = Cause::self;
    } else {
        stuck.cause = cause_of_runner(raw.running_prio, raw.prio);
    }
    return stuck;
}

}  // namespace rqs
