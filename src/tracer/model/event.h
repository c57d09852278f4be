// SPDX-License-Identifier: BSD-2-Clause
// What happened, as every view sees it, whether it comes from the kernel, a recording or a test.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rqs {

/// A task's name as the kernel keeps it: 15 bytes of anything, padded with NUL.
struct Comm {
    std::array<char, 16> bytes{};

    static Comm from(std::string_view text) {
        Comm comm;
        if (!text.empty()) {  // an empty view may point nowhere, which memcpy must not see
            std::memcpy(comm.bytes.data(), text.data(), text.size() < 15 ? text.size() : 15);
        }
        return comm;
    }
    [[nodiscard]] std::string_view view() const {
        return {bytes.data(), ::strnlen(bytes.data(), bytes.size())};
    }
    bool operator==(const Comm&) const = default;
};

/// A thread (`tid`) of a process (`pid`, the kernel's tgid). tid 0 is a CPU's idle task.
struct TaskId {
    std::uint32_t tid = 0;
    std::uint32_t pid = 0;
    Comm comm;
};

/// `others`: further tasks that ran, summed up because they were too many to name.
enum class PartKind : std::uint8_t { ran, idle, throttled, elsewhere, irq, steal, unknown, others };
enum class Relation : std::uint8_t { none, self, sibling, foreign };
/// `rt_throttled`: a real-time task waited while the kernel let lower classes run, as it does when
/// real-time tasks have used up their share (sched_rt_runtime_us, or the fair server since 6.12).
enum class Cause : std::uint8_t {
    contention,
    self,
    throttled,
    realtime,
    rt_throttled,
    idle,
    moved,
    unknown
};

/// How a wait began. `created`: the first run after a fork. `unknown`: how the task left the CPU
/// was not seen, since it was before tracing began.
enum class WaitKind : std::uint8_t { woken, created, preempted, yielded, unknown };

/// The state in which a task left the CPU.
enum class Left : std::uint8_t { asleep, blocked, stopped, dead, preempted, yielded, unknown };

/// SCHED_* as in <linux/sched.h>; `unknown` where others recorded and did not say.
enum class Policy : std::uint8_t {
    other = 0,
    fifo = 1,
    rr = 2,
    batch = 3,
    idle = 5,
    deadline = 6,
    ext = 7,
    unknown = 8
};

/// One part of a wait. All parts of a wait sum to its `wait_ns`.
struct Part {
    PartKind kind = PartKind::unknown;
    // The rest only where kind is `ran`.
    Relation relation = Relation::none;
    Policy policy = Policy::other;
    bool kernel_thread = false;
    std::int16_t prio =
        120;  ///< the kernel's: below 0 deadline, below 100 real-time, 120 is nice 0
    TaskId task;
    std::uint64_t cgroup_id = 0;  ///< as Wait::sched_cgroup_id
    std::uint64_t ns = 0;
    std::uint32_t count = 1;  ///< tasks that it stands for: more than one only where `others`
};

/// A wait's length by what it was spent on; all of them sum to `wait_ns`. Always there, however
/// many tasks ran meanwhile: the cause follows from it.
struct WaitSums {
    std::uint64_t throttled_ns = 0;
    std::uint64_t elsewhere_ns = 0;
    std::uint64_t idle_ns = 0;
    std::uint64_t irq_ns = 0;
    std::uint64_t steal_ns = 0;
    std::uint64_t unknown_ns = 0;
    // Of tasks that ran:
    std::uint64_t self_ns = 0;          ///< threads of the same process
    std::uint64_t realtime_ns = 0;      ///< others that outrank the waiter
    std::uint64_t contention_ns = 0;    ///< others of its class that do not
    std::uint64_t lower_ns = 0;         ///< others of a lower class, that ran when the wait began
    std::uint64_t rt_throttled_ns = 0;  ///< others of a lower class, picked while it waited

    [[nodiscard]] std::uint64_t ran_ns() const {
        return self_ns + realtime_ns + contention_ns + lower_ns + rt_throttled_ns;
    }
};

/// Consecutive runs of the wait's CPU that fall into the wait and are not throttled, by their
/// positions (Ran::position): `first_ns` of the first run's task time, all of those between, and
/// `last_ns` of the last one's. Where first == last, `first_ns` is meant and `last_ns` is 0.
struct Stretch {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t first_ns = 0;
    std::uint64_t last_ns = 0;
};

/// One run: a task had the CPU for a while. Consumers that ask for it get every run that is known,
/// before the waits in which it lies.
struct Ran {
    std::uint32_t cpu = 0;
    std::uint64_t position = 0;   ///< counts the CPU's runs from 0, without holes
    std::uint64_t ran_ns = 0;     ///< without interrupts and steal; 0 where its start is not known
    TaskId task;                  ///< tid 0: the CPU idled
    std::uint32_t ppid = 0;       ///< the parent process, where it was asked for
    std::uint64_t cgroup_id = 0;  ///< as Wait::sched_cgroup_id
    std::uint64_t length_ns = 0;  ///< with them; 0 where its start is not known
    /// CLOCK_MONOTONIC, as close as the CPU's last arrival told; 0 before its first.
    std::uint64_t end_ns = 0;
    Left left = Left::unknown;
    bool follows = false;  ///< no run of its CPU is missing before it
    std::int16_t prio = 120;
};

/// Who made the waiter runnable (--waker).
struct Waker {
    TaskId task;
    std::uint32_t cpu = 0;
    bool interrupt = false;  ///< woken from an interrupt: `task` is merely whom it interrupted
};

/// One wait: from being enqueued runnable to being switched in.
struct Wait {
    std::uint64_t ts_ns = 0;  ///< the end of the wait, CLOCK_MONOTONIC
    std::uint64_t wait_ns = 0;
    std::uint32_t cpu = 0;  ///< where it was switched in
    TaskId task;
    TaskId prev;                  ///< who left the CPU to it
    std::uint64_t cgroup_id = 0;  ///< in the v2 hierarchy
    /// In the hierarchy of the `cpu` controller: equal to cgroup_id where that is v2.
    std::uint64_t sched_cgroup_id = 0;
    std::int16_t prio = 120;
    Policy policy = Policy::other;
    bool stamped = true;   ///< false: the kernel itself does not count this wait
    bool complete = true;  ///< false: queued before tracing began, parts on other CPUs may lack
    bool brief = false;    ///< names fewer tasks than were asked for: the reader was behind
    bool early = false;    ///< began before tracing did: who had the CPU then was not seen
    WaitKind kind = WaitKind::unknown;
    std::uint32_t ppid = 0;  ///< the parent process, where it was asked for
    /// What the kernel has charged to the thread since it was born, this wait included: waiting and
    /// running. Both 0 where it was not told.
    std::uint64_t run_delay_ns = 0;
    std::uint64_t runtime_ns = 0;
    Cause cause = Cause::unknown;
    WaitSums sums;
    /// Largest first; as many tasks are named as a consumer asked for, the rest is `others`. Empty
    /// where nobody asked.
    std::vector<Part> why;
    std::vector<Stretch> stretches;  ///< oldest first, mostly one; empty where nobody asked
    std::optional<Waker> waker;
};

/// A task that is waiting still (--stuck). The wait itself follows when it ends.
struct Stuck {
    std::uint64_t ts_ns = 0;
    std::uint64_t waiting_ns = 0;
    std::uint32_t cpu = 0;
    TaskId task;
    TaskId running;  ///< who has that CPU now
    std::uint64_t cgroup_id = 0;
    std::uint64_t sched_cgroup_id = 0;
    std::int16_t prio = 120;
    Policy policy = Policy::other;
    WaitKind kind = WaitKind::unknown;
    bool throttled = false;  ///< its group's quota keeps it off the CPU now
    std::int16_t running_prio = 120;
    Cause cause = Cause::unknown;  ///< a first look, see cause_of_stuck()
};

/// Why waits are missing. `ring`: the reader came too late, their CPU's ring was full. `damage`: a
/// part of a recording cannot be read.
enum class LossReason : std::uint8_t { ring, damage };

/// Waits that were to be kept and are missing.
struct Loss {
    std::uint32_t cpu = 0;      ///< any_cpu: it is not known of which
    std::uint64_t from_ns = 0;  ///< CLOCK_MONOTONIC: they ended between these
    std::uint64_t to_ns = 0;
    std::uint64_t lost = 0;
    LossReason reason = LossReason::ring;

    static constexpr std::uint32_t any_cpu = UINT32_MAX;
};

/// A thread was made (by clone or fork).
struct Fork {
    std::uint64_t ts_ns = 0;  ///< CLOCK_MONOTONIC
    TaskId parent;
    TaskId child;
};

/// A thread ended.
struct Exit {
    std::uint64_t ts_ns = 0;  ///< CLOCK_MONOTONIC
    TaskId task;
};

/// The CPUs that a thread may run on from now on: bit n of word n / 64 is CPU n.
struct Affinity {
    std::uint64_t ts_ns = 0;  ///< CLOCK_MONOTONIC
    std::uint32_t tid = 0;
    std::vector<std::uint64_t> cpus;

    [[nodiscard]] bool allows(std::uint32_t cpu) const {
        return cpu / 64 < cpus.size() && (cpus[cpu / 64] >> cpu % 64 & 1) != 0;
    }
};

/// A reading of two clocks at one moment.
struct ClockReading {
    std::uint64_t ts_ns = 0;              ///< CLOCK_MONOTONIC
    std::int64_t realtime_offset_ns = 0;  ///< CLOCK_REALTIME is so much ahead of it
};

/// What a thread waited in one sampling interval (--source schedstat): single waits are not known.
struct Interval {
    std::uint64_t ts_ns = 0;  ///< its end, CLOCK_MONOTONIC
    std::uint64_t interval_ns = 0;
    TaskId task;
    std::uint64_t waits = 0;    ///< times switched in
    std::uint64_t wait_ns = 0;  ///< all of them together
    std::uint64_t run_ns = 0;
};

/// Every wait and what became of it. seen == kept + lost + left_out + below the threshold.
struct Counters {
    std::uint64_t seen = 0;        ///< waits that passed the filters, whatever their length
    std::uint64_t kept = 0;        ///< longer than the threshold and handed on
    std::uint64_t lost = 0;        ///< longer than the threshold, but the ring was full
    std::uint64_t unverified = 0;  ///< waits of which parts on other CPUs may lack
    std::uint64_t late = 0;        ///< events that came after the ordering window
    /// Longer than the threshold, but the tool's own or caused by its output.
    std::uint64_t left_out = 0;
};

}  // namespace rqs
