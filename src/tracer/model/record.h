// SPDX-License-Identifier: BSD-2-Clause
// What happened in the scheduler, one record each, as it comes from a kernel or from a recording.
// Nothing is explained here yet: the ledger makes waits of these.
#pragma once

#include <cstdint>
#include <optional>

#include "model/cgroup_info.h"
#include "model/event.h"
#include "model/process_info.h"

namespace rqs {

/// Who came to a CPU at a switch, and what its wait is made of.
struct Arrival {
    std::uint64_t ts_ns = 0;    ///< the moment of the switch, CLOCK_MONOTONIC
    std::uint64_t here_ns = 0;  ///< queued on this CPU
    std::uint64_t elsewhere_ns = 0;
    TaskId task;
    std::uint32_t ppid = 0;  ///< the parent process, where it was asked for
    std::int16_t prio = 120;
    Policy policy = Policy::other;
    bool kernel_thread = false;
    std::uint64_t cgroup_id = 0;        ///< in the v2 hierarchy
    std::uint64_t sched_cgroup_id = 0;  ///< in the hierarchy of the cpu controller
    /// Whose quota holds for it (ThrottleLook::group); 0: it cannot have been throttled.
    std::uint32_t group = 0;
    bool stamped = true;   ///< false: the kernel does not count this wait
    bool complete = true;  ///< false: parts on other CPUs may lack
    WaitKind kind = WaitKind::unknown;
    std::uint64_t run_delay_ns = 0;  ///< as Wait::run_delay_ns
    std::uint64_t runtime_ns = 0;
    std::optional<Waker> waker;
};

/// A task left a CPU. All times are that CPU's runqueue clock.
struct Switch {
    std::uint32_t cpu = 0;
    std::uint64_t clock_ns = 0;  ///< when
    /// No switch of this CPU is missing between the record before and this one.
    bool follows = false;
    /// Since when it had the CPU, where that is known though `follows` is false.
    std::optional<std::uint64_t> since_ns;
    TaskId task;  ///< who left; tid 0: the CPU idled
    std::uint32_t ppid = 0;
    Left left = Left::unknown;
    std::int16_t prio = 120;
    Policy policy = Policy::other;
    bool kernel_thread = false;
    std::uint64_t cgroup_id = 0;  ///< in the hierarchy of the cpu controller
    std::uint64_t irq_ns = 0;     ///< of this CPU since boot, modulo counter_span_ns
    std::uint64_t steal_ns = 0;
    std::optional<Arrival> came;  ///< who came, if its wait is kept

    static constexpr std::uint64_t counter_span_ns = std::uint64_t{1} << 48;
};

/// What was found at a look at a group's runqueue: it was throttled since the last look.
struct ThrottleLook {
    std::uint32_t cpu = 0;
    std::uint32_t group = 0;
    std::uint64_t found_ns = 0;             ///< the runqueue's clock
    std::optional<std::uint64_t> total_ns;  ///< since the last look; nothing: this is the first
    std::uint64_t ago_ns = 0;               ///< since its last throttling began
    std::uint64_t since_ns = 0;             ///< when the last look was
};

/// Takes records in order: those of a CPU as they happened, arrivals of all CPUs by ts_ns. A
/// ThrottleLook comes before the Switch at which it was found, a loss before what follows it.
class RecordHandler {
  public:
    RecordHandler() = default;
    RecordHandler(const RecordHandler&) = delete;
    RecordHandler& operator=(const RecordHandler&) = delete;
    virtual ~RecordHandler() = default;

    virtual void on_switch(const Switch& /*record*/) {}
    virtual void on_throttle(const ThrottleLook& /*look*/) {}
    virtual void on_stuck(const Stuck& /*stuck*/) {}
    virtual void on_interval(const Interval& /*interval*/) {}
    virtual void on_loss(const Loss& /*loss*/) {}
    virtual void on_clock(const ClockReading& /*reading*/) {}
    virtual void on_process(const ProcessInfo& /*info*/) {}
    virtual void on_cgroup(const CgroupInfo& /*info*/) {}
    virtual void on_fork(const Fork& /*fork*/) {}
    virtual void on_exit(const Exit& /*exit*/) {}
    virtual void on_affinity(const Affinity& /*affinity*/) {}
    /// Whether the source has more records waiting than it should: what costs time and can be left
    /// out had better be, since otherwise waits are lost.
    virtual void on_backlog(bool /*behind*/) {}
    /// Nothing before this moment will come any more (CLOCK_MONOTONIC).
    virtual void on_reached(std::uint64_t /*now_ns*/) {}

    /// Whether switches and throttle looks are of use that end no wait that is kept. Where nobody
    /// explains waits they are not, and a source may leave them out.
    [[nodiscard]] virtual bool wants_runs() const { return true; }
    /// No more records are wanted; what comes all the same is dropped.
    [[nodiscard]] virtual bool done() const { return false; }
};

}  // namespace rqs
