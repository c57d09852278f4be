// SPDX-License-Identifier: BSD-2-Clause
// The ledger of a wait: who or what had the CPU, in parts that sum to the wait.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "ledger/timeline.h"
#include "model/event.h"

namespace rqs {

/// Where a wait lies on its CPU's timeline: it ends with the timeline's newest run.
struct Window {
    std::uint64_t start_ns = 0;  ///< when it was queued on this CPU
    std::uint64_t end_ns = 0;
    std::uint64_t elsewhere_ns = 0;
    std::uint64_t group = 0;  ///< whose throttlings count, 0: none
};

/// Fills in `wait.why` (largest first, no empty parts) and `wait.cause`. Reads `wait.task`,
/// `sched_cgroup_id`, `prio` and `wait_ns`, which must be the window's length and elsewhere_ns.
/// Whatever the timeline does not tell becomes `unknown`: the parts always sum to `wait_ns`.
class Ledger {
  public:
    void explain(const Timeline& timeline, const Window& window, Wait& wait);

  private:
    struct Span {
        std::uint64_t start_ns;
        std::uint64_t end_ns;
    };
    struct Known {
        std::uint64_t generation = 0;
        std::size_t part = 0;
    };

    using Spans = std::vector<Span>;

    void attribute_runs(const Timeline& timeline, const Window& window, Wait& wait);
    static void collect(const Timeline& timeline, const Window& window, bool certain_only,
                        Spans& spans);
    static std::uint64_t within(const Spans& spans, std::uint64_t start_ns, std::uint64_t end_ns);
    void add_run(const Run& run, std::uint64_t length_ns, Wait& wait);
    Part& part_of(const Run& run, Wait& wait);
    static void add_plain(PartKind kind, std::uint64_t ns, Wait& wait);

    // Of the wait at hand, disjoint, oldest first.
    Spans throttled_;        // surely
    Spans maybe_throttled_;  // surely or perhaps: whoever ran then may not be to blame
    // Where a task's part is, so that thousands of switches among a few tasks stay cheap.
    std::array<Known, 1024> known_{};
    std::uint64_t generation_ = 0;
};

/// The one word for a wait; docs/LEDGER.md has the rules. `prev` decides where the wait is empty.
Cause cause_of(const Wait& wait);

/// Whether a task of `prio` goes before one of `waiter_prio` whatever its share (both the
/// kernel's).
bool outranks(std::int16_t prio, std::int16_t waiter_prio);

/// What another process's task means for the waiter whose CPU it has: `realtime` if it outranks the
/// waiter, `contention` if they are of one class, `unknown` if it is of a lower one.
Cause cause_of_runner(std::int16_t prio, std::int16_t waiter_prio);

}  // namespace rqs
