// SPDX-License-Identifier: BSD-2-Clause
// What other people's recordings tell of the scheduler, one tracepoint each, whatever file it is
// from.
#pragma once

#include <cstdint>

#include "model/event.h"

namespace rqs::import {

/// Times are those of the file's clock.
struct SchedEvent {
    enum class Kind : std::uint8_t {
        none,      ///< nothing that matters here
        switched,  ///< sched_switch: `tid` left, `next_tid` came
        waking,    ///< sched_waking: `tid` is going to be put on a runqueue
        woken,     ///< sched_wakeup: it is on one
        made,      ///< sched_wakeup_new: likewise, for the first time
        migrated,  ///< sched_migrate_task: to `to_cpu`
        forked,    ///< `tid` was made by `by_tid`
        exited,
        named,  ///< `tid` is called `comm`, and is of process `pid`
        lost,   ///< `lost` events of this CPU, or of any, are missing before this
    };
    static constexpr std::uint32_t any_cpu = UINT32_MAX;
    // Who was interrupted when it was traced.
    static constexpr std::uint8_t in_hard_interrupt = 0x08;
    static constexpr std::uint8_t in_soft_interrupt = 0x10;

    Kind kind = Kind::none;
    std::uint8_t flags = 0;  ///< in_*_interrupt
    std::int16_t prio = 120;
    std::int16_t next_prio = 120;
    std::uint32_t cpu = 0;  ///< on which it was traced
    std::uint64_t ts_ns = 0;
    std::uint32_t tid = 0;
    std::uint32_t pid = 0;     ///< its process; 0: the file does not say
    std::uint32_t by_tid = 0;  ///< who was running; of `forked`: its parent
    std::uint32_t by_pid = 0;
    bool by_known = true;  ///< false: it is not told who was running
    std::uint32_t next_tid = 0;
    std::uint32_t to_cpu = 0;
    std::uint64_t state = 0;  ///< of who left, as sched_switch has it
    std::uint64_t lost = 0;
    Comm comm;
    Comm next_comm;
};

/// Takes events in order of time.
class EventTaker {
  public:
    EventTaker() = default;
    EventTaker(const EventTaker&) = delete;
    EventTaker& operator=(const EventTaker&) = delete;
    virtual ~EventTaker() = default;

    virtual void take(const SchedEvent& event) = 0;
};

}  // namespace rqs::import
