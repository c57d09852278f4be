// SPDX-License-Identifier: BSD-2-Clause
// What one CPU did, as far as user space was told: who had it from when to when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/event.h"

namespace rqs {

/// A stretch in which one task had the CPU. Times are the runqueue's clock, ns.
struct Run {
    std::uint64_t start_ns = 0;  ///< only if start_known
    std::uint64_t end_ns = 0;
    std::uint64_t irq_ns = 0;    ///< of the stretch, taken by interrupts; 0 if start is unknown
    std::uint64_t steal_ns = 0;  ///< and by the hypervisor
    std::uint64_t cgroup_id = 0;
    TaskId task;
    std::int16_t prio = 120;
    Policy policy = Policy::other;
    bool kernel_thread = false;
    bool start_known = false;
};

/// A switch as it was reported, before it is put in its place. `irq_ns` and `steal_ns` count since
/// boot here.
struct Switch {
    std::uint32_t seq = 0;
    Run run;
};

/// The runqueue of a group was throttled in this stretch; `certain` false: in some part of it.
struct Throttling {
    std::uint64_t group = 0;
    std::uint64_t start_ns = 0;
    std::uint64_t end_ns = 0;
    bool certain = true;
};

/// What was found at a look at a group's runqueue.
struct ThrottleLook {
    std::uint32_t seq = 0;
    std::uint64_t group = 0;
    std::uint64_t found_ns = 0;
    std::optional<std::uint64_t> total_ns;  ///< since the last look; nothing: this is the first
    std::uint64_t ago_ns = 0;               ///< since its last throttling began
    std::uint64_t since_ns = 0;             ///< when the last look was
};

class Timeline {
  public:
    /// Remembers at least the last `capacity` runs.
    explicit Timeline(std::size_t capacity);

    void add(const Switch& entry);
    /// A throttling lies in time where its start and its length are known. Where there were several
    /// since the last look, or it is the first look, only the bounds are.
    void add_throttling(const ThrottleLook& look);

    /// Nothing was switched between `ns` (the runqueue's clock) and the first switch of all, that
    /// with the seq 0: where that one is remembered, its task had the CPU from then on. Interrupts
    /// and steal of that stretch are not known and count as the task's.
    void nothing_before_first_since(std::uint64_t ns);

    /// The run `back` steps before the newest; nothing where it is forgotten.
    [[nodiscard]] const Run* newest(std::size_t back = 0) const;
    /// The seq of the newest run.
    [[nodiscard]] std::optional<std::uint32_t> newest_seq() const;
    [[nodiscard]] const std::vector<Throttling>& throttlings() const { return throttlings_; }

  private:
    // Whatever was reported with the seq before: where the next run starts.
    struct Edge {
        std::uint32_t seq = 0;
        std::uint64_t end_ns = 0;
        std::uint64_t irq_ns = 0;
        std::uint64_t steal_ns = 0;
    };

    std::vector<Run> runs_;  // a circle
    std::size_t count_ = 0;  // ever added
    std::optional<Edge> edge_;
    std::optional<std::uint32_t> first_seq_;
    std::optional<std::uint32_t> newest_seq_;
    std::vector<Throttling> throttlings_;  // oldest first, few
};

}  // namespace rqs
