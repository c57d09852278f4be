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

/// The runqueue of a group was found to have been throttled.
struct Throttling {
    std::uint64_t group = 0;
    std::uint64_t start_ns = 0;
    std::uint64_t end_ns = 0;
};

class Timeline {
  public:
    /// Remembers at least the last `capacity` runs.
    explicit Timeline(std::size_t capacity);

    void add(const Switch& entry);
    /// `total_ns` of throttled time were found at `found_ns`; the last throttling began `ago_ns`
    /// before. Where it was throttled several times since the last look, the sum is taken as one.
    void add_throttling(std::uint32_t seq, std::uint64_t group, std::uint64_t found_ns,
                        std::uint64_t total_ns, std::uint64_t ago_ns);

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
    std::optional<std::uint32_t> newest_seq_;
    std::vector<Throttling> throttlings_;  // oldest first, few
};

}  // namespace rqs
