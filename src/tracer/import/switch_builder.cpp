// SPDX-License-Identifier: BSD-2-Clause
#include "import/switch_builder.h"

#include <algorithm>

namespace rqs::import {
namespace {

using Kind = SchedEvent::Kind;

// Of sched_switch's prev_state. The kernel sets `preempted` where it took the CPU from a task that
// did not ask for that; a runnable task without it may have yielded, or been preempted on its way
// back to user space, which the tracepoint does not tell apart.
constexpr std::uint64_t state_mask = 0xff;
constexpr std::uint64_t asleep = 0x01;
constexpr std::uint64_t blocked = 0x02;
constexpr std::uint64_t stopped = 0x0c;
constexpr std::uint64_t dead = 0x30;
// Perfetto traces of ours where it is not known; kernels before 4.14 said so of parked threads.
constexpr std::uint64_t no_state = 0x200;

Left left_of(std::uint64_t state) {
    const std::uint64_t bits = state & state_mask;
    return state == no_state       ? Left::unknown
           : bits == 0             ? Left::preempted
           : (bits & dead) != 0    ? Left::dead
           : (bits & stopped) != 0 ? Left::stopped
           : (bits & blocked) != 0 ? Left::blocked
           : (bits & asleep) != 0  ? Left::asleep
                                   : Left::unknown;
}

/// Deadline tasks have a priority of their own. Of all others it tells a class, not a policy.
Policy policy_of(std::int16_t prio) {
    return prio < 0 ? Policy::deadline : Policy::unknown;
}

}  // namespace

SwitchBuilder::Task& SwitchBuilder::task(std::uint32_t tid) {
    const auto found = tasks_.find(tid);
    if (found != tasks_.end()) {
        return found->second;
    }
    if (tasks_.size() >= most_threads) {
        forget_some();
    }
    return tasks_[tid];
}

void SwitchBuilder::forget_some() {
    std::erase_if(tasks_, [](const auto& entry) {
        return !entry.second.running && entry.second.since_ns == 0;
    });
    if (tasks_.size() >= most_threads) {
        tasks_.clear();
        known_from_ns_ = now_ns_;
    }
}

/// A thread whose process the file does not tell stands for itself.
TaskId SwitchBuilder::id_of(std::uint32_t tid, const Comm& comm) {
    if (tid == 0) {
        return {};
    }
    const std::uint32_t pid = task(tid).pid;
    return {tid, pid == 0 ? tid : pid, comm};
}

void SwitchBuilder::take(const SchedEvent& event) {
    ++counts_.events;
    if (event.cpu >= cpus_ && event.cpu != SchedEvent::any_cpu) {
        return;
    }
    now_ns_ = std::max(now_ns_, event.ts_ns);
    if (event.by_tid != 0 && event.by_pid != 0) {
        task(event.by_tid).pid = event.by_pid;
    }
    switch (event.kind) {
        case Kind::switched:
            switched(event);
            break;
        case Kind::waking:
        case Kind::woken:
        case Kind::made:
            woken(event);
            break;
        case Kind::migrated:
            migrated(event);
            break;
        case Kind::forked:
            forked(event);
            break;
        case Kind::exited:
            next_.on_exit({event.ts_ns, id_of(event.tid, event.comm)});
            break;
        case Kind::named:
            named(event);
            break;
        case Kind::lost:
            lost(event);
            break;
        case Kind::none:
            break;
    }
}

void SwitchBuilder::switched(const SchedEvent& event) {
    if (event.cpu >= cpus_) {
        return;
    }
    if (event.cpu >= of_cpu_.size()) {
        of_cpu_.resize(std::size_t{event.cpu} + 1);
    }
    Cpu& cpu = of_cpu_[event.cpu];
    Switch record;
    record.cpu = event.cpu;
    record.clock_ns = event.ts_ns;
    record.follows = cpu.running == event.tid;
    leave(event, record);
    arrive(event, record);
    cpu.running = event.next_tid;
    cpu.last_ns = event.ts_ns;
    ++counts_.switches;
    next_.on_switch(record);
    if (record.left == Left::dead && event.tid != 0) {
        tasks_.erase(event.tid);
    }
}

void SwitchBuilder::leave(const SchedEvent& event, Switch& record) {
    record.task = id_of(event.tid, event.comm);
    record.left = left_of(event.state);
    record.prio = event.prio;
    record.policy = policy_of(event.prio);
    if (event.tid == 0) {
        return;
    }
    Task& left = task(event.tid);
    left.comm = event.comm;
    left.running = false;
    left.cpu = event.cpu;
    left.waker.reset();
    left.since_ns = 0;
    if (record.left == Left::preempted) {
        left.since_ns = left.queued_ns = event.ts_ns;
        left.sure = true;
        left.kind = WaitKind::preempted;
    }
}

void SwitchBuilder::arrive(const SchedEvent& event, Switch& record) {
    if (event.next_tid == 0) {
        return;
    }
    Task& came = task(event.next_tid);
    const bool known =
        came.since_ns != 0 && came.since_ns >= known_from_ns_ && came.queued_ns <= event.ts_ns;
    if (known) {
        Arrival& arrival = record.came.emplace();
        arrival.ts_ns = event.ts_ns;
        arrival.here_ns = event.ts_ns - came.queued_ns;
        arrival.elsewhere_ns = came.queued_ns - came.since_ns;
        arrival.task = id_of(event.next_tid, event.next_comm);
        arrival.prio = event.next_prio;
        arrival.policy = policy_of(event.next_prio);
        arrival.stamped = false;
        arrival.kind = came.kind;
        arrival.waker = came.waker;
        ++counts_.waits;
    } else {
        ++counts_.unknown;
    }
    came.comm = event.next_comm;
    came.running = true;
    came.since_ns = 0;
    came.waker.reset();
}

void SwitchBuilder::woken(const SchedEvent& event) {
    Task& woken = task(event.tid);
    const bool sure = event.kind != Kind::waking;
    woken.comm = event.comm;
    if (woken.running || (woken.since_ns != 0 && (woken.sure || !sure))) {
        return;  // it is on its way to sleep still, or waits already
    }
    if (woken.since_ns == 0) {
        woken.kind = event.kind == Kind::made ? WaitKind::created : WaitKind::woken;
        const std::uint8_t interrupt =
            SchedEvent::in_hard_interrupt | SchedEvent::in_soft_interrupt;
        Comm by;
        if (const auto waker = tasks_.find(event.by_tid); waker != tasks_.end()) {
            by = waker->second.comm;
        }
        if (event.by_known) {
            task(event.tid).waker =
                Waker{id_of(event.by_tid, by), event.cpu, (event.flags & interrupt) != 0};
        }
    }
    Task& waits = task(event.tid);
    waits.since_ns = waits.queued_ns = event.ts_ns;
    waits.sure = sure;
    waits.cpu = event.to_cpu;
    waits.waking_cpu = event.cpu;
}

// A task that is being woken is moved before it is queued anywhere.
void SwitchBuilder::migrated(const SchedEvent& event) {
    Task& moved = task(event.tid);
    if (moved.since_ns == 0 || moved.cpu == event.to_cpu) {
        return;
    }
    const bool by_its_waker = !moved.sure && moved.waking_cpu == event.cpu;
    moved.cpu = event.to_cpu;
    moved.sure = true;
    if (!by_its_waker) {
        moved.queued_ns = std::max(moved.queued_ns, event.ts_ns);
    }
}

void SwitchBuilder::forked(const SchedEvent& event) {
    Task& made = task(event.tid);
    if (event.pid != 0) {
        made.pid = event.pid;
    }
    if (!event.comm.view().empty()) {
        made.comm = event.comm;
    }
    Comm parent = event.next_comm;
    if (const auto known = tasks_.find(event.by_tid); known != tasks_.end()) {
        parent = parent.view().empty() ? known->second.comm : parent;
    }
    const Comm child = made.comm;
    const TaskId by = id_of(event.by_tid, parent);
    next_.on_fork({event.ts_ns, by, id_of(event.tid, child)});
}

void SwitchBuilder::named(const SchedEvent& event) {
    Task& known = task(event.tid);
    known.comm = event.comm;
    known.pid = event.pid != 0 ? event.pid : known.pid;
    if (event.pid != 0 && event.pid == event.tid) {
        ProcessInfo process;
        process.pid = event.pid;
        process.comm = event.comm;
        next_.on_process(process);
    }
}

// A wait across a hole would be longer than it was: its task may have run in between.
void SwitchBuilder::lost(const SchedEvent& event) {
    Loss loss;
    loss.cpu = event.cpu == SchedEvent::any_cpu ? Loss::any_cpu : event.cpu;
    loss.from_ns = known_from_ns_;
    for (Cpu& cpu : of_cpu_) {
        const bool its = event.cpu == SchedEvent::any_cpu ||
                         &cpu - of_cpu_.data() == static_cast<std::ptrdiff_t>(event.cpu);
        if (its) {
            cpu.running.reset();
            loss.from_ns = std::max(loss.from_ns, cpu.last_ns);
        }
    }
    loss.to_ns = std::max(event.ts_ns, loss.from_ns);
    loss.lost = event.lost;
    known_from_ns_ = std::max(known_from_ns_, event.ts_ns);
    counts_.lost += event.lost;
    next_.on_loss(loss);
}

}  // namespace rqs::import
