// SPDX-License-Identifier: BSD-2-Clause
// What happened, as every view sees it, whether it comes from the kernel, a recording or a test.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace rqs {

/// A task's name as the kernel keeps it: 15 bytes of anything, padded with NUL.
struct Comm {
    std::array<char, 16> bytes{};

    static Comm from(std::string_view text) {
        Comm comm;
        std::memcpy(comm.bytes.data(), text.data(), text.size() < 15 ? text.size() : 15);
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

enum class PartKind : std::uint8_t { ran, idle, throttled, elsewhere, irq, steal, unknown };
enum class Relation : std::uint8_t { none, self, sibling, foreign };
enum class Cause : std::uint8_t { contention, self, throttled, realtime, idle, moved, unknown };

/// SCHED_* as in <linux/sched.h>.
enum class Policy : std::uint8_t {
    other = 0,
    fifo = 1,
    rr = 2,
    batch = 3,
    idle = 5,
    deadline = 6,
    ext = 7
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
    Cause cause = Cause::unknown;
    std::vector<Part> why;  ///< largest first
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
    Cause cause = Cause::unknown;
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

/// Every wait and what became of it. seen == kept + lost + below the threshold.
struct Counters {
    std::uint64_t seen = 0;        ///< waits that passed the filters, whatever their length
    std::uint64_t kept = 0;        ///< longer than the threshold and handed on
    std::uint64_t lost = 0;        ///< longer than the threshold, but the ring was full
    std::uint64_t unverified = 0;  ///< waits of which parts on other CPUs may lack
    std::uint64_t late = 0;        ///< events that came after the ordering window
};

}  // namespace rqs
