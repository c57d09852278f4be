// SPDX-License-Identifier: BSD-2-Clause
// Waits that need not have been, as plain data, ready to be printed.
#pragma once

#include <cstdint>
#include <vector>

#include "aggregate/idle_victims.h"

namespace rqs {

/// Nothing in it is more than the truth. What was not seen (before a CPU's first switch, in waits
/// that were lost) counts neither as idle nor as busy.
struct IdleReport {
    struct Cpu {
        std::uint32_t cpu = 0;
        std::uint64_t busy_ns = 0;
        std::uint64_t idle_ns = 0;
        /// It idled while a task that it may run was queued on another CPU, and none on it.
        std::uint64_t idle_while_others_queued_ns = 0;
        std::uint64_t waits = 0;  ///< of tasks that waited for this CPU
        std::uint64_t wait_ns = 0;
    };

    std::uint64_t waits = 0;
    std::uint64_t avoidable_ns = 0;     ///< waited while an allowed CPU idled
    std::uint64_t avoidable_waits = 0;  ///< waits with any such time
    /// Waits of which a part may have been avoidable that was not counted: an allowed CPU had not
    /// said what it did when room for the wait was needed, or when the recording ended.
    std::uint64_t undecided_waits = 0;
    std::uint64_t unknown_affinity_waits = 0;  ///< taken for waits of tasks that may run anywhere
    std::uint64_t throttled_waits = 0;         ///< in a part of them at least; not looked at
    std::uint64_t idle_while_others_queued_ns = 0;  ///< of all CPUs together
    std::vector<IdleVictims::Row> victims;          ///< most ns first; perhaps `others` last
    std::vector<Cpu> cpus;                          ///< those that were seen, by number
};

}  // namespace rqs
