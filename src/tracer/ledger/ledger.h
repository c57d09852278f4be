// SPDX-License-Identifier: BSD-2-Clause
// The ledger of a wait: who or what had the CPU, in sums and in parts that add up to the wait.
// docs/LEDGER.md has the rules.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ledger/tally.h"
#include "ledger/timeline.h"
#include "model/event.h"

namespace rqs {

/// Where a wait lies on its CPU's timeline: it ends with the timeline's newest run.
struct Window {
    std::uint64_t start_ns = 0;  ///< when it was queued on this CPU
    std::uint64_t end_ns = 0;
    std::uint64_t elsewhere_ns = 0;
    std::uint32_t group = 0;  ///< whose throttlings count, 0: none
    bool parts = true;        ///< false: its parts are not wanted, though Detail asks for some
};

/// How much of a ledger is wanted.
struct Detail {
    bool parts = false;
    std::uint32_t named_tasks = 0;
    bool stretches = false;
};

/// Explains the waits of one CPU. The cost of one does not grow with the number of switches that it
/// spans, nor with the tasks that ran meanwhile: sums are differences of prefix sums, and no more
/// tasks are looked at than a constant and those that are named.
class Ledger {
  public:
    explicit Ledger(Detail detail) : detail_(detail) {}

    /// Fills in `sums`, `cause`, and where wanted `why` and `stretches`. Reads `task`,
    /// `sched_cgroup_id`, `prio`, `prev` and `wait_ns`, which must be the window's length and
    /// elsewhere_ns. What the timeline does not tell becomes `unknown`: sums and parts always add
    /// up to `wait_ns`.
    ///
    /// Parts: as many tasks as wanted, the largest first; the rest is one part `others`. Where more
    /// than `exact_tasks` ran meanwhile, the named ones are chosen among those that had the CPU at
    /// evenly spaced moments of the wait, or of one that differs from it by at most a sixteenth:
    /// each is exact, and none with a good share is missed.
    void explain(const Timeline& timeline, const Window& window, Wait& wait);

    static constexpr std::size_t exact_tasks = 128;

    /// From now on, whether at most `brief_tasks` are named, which costs a fraction. A wait that
    /// would name more says that it is brief.
    void be_brief(bool brief) { brief_ = brief; }
    static constexpr std::uint32_t brief_tasks = 2;

  private:
    struct Span {
        std::uint64_t start_ns;
        std::uint64_t end_ns;
    };
    using Spans = std::vector<Span>;
    /// A task that may be named: what it ran, and its thread key.
    struct Candidate {
        std::uint64_t ns;
        std::uint64_t key;
    };
    /// A piece of the window in which the group was surely not throttled.
    struct Piece {
        Span span;
        Timeline::Point from;
        Timeline::Point to;
    };

    /// Who was met at samples of one wait; good for those that span nearly the same time.
    struct Sampled {
        Span span{};
        Rank waiter_rank = 0;
        std::uint32_t named = 0;  // so many were to be named
        std::vector<std::uint64_t> keys;

        [[nodiscard]] bool holds_for(const std::vector<Piece>& pieces, Rank rank,
                                     std::uint32_t most_named) const;
    };

    static void collect(const Timeline& timeline, const Window& window, bool certain_only,
                        Spans& spans);
    void cut(const Timeline& timeline, const Window& window);
    void sum_up(const Timeline& timeline, const Window& window, Wait& wait) const;
    void add_ran(const Timeline& timeline, const TimeSums& all, Wait& wait) const;
    [[nodiscard]] std::uint64_t running_at_start_ns(const Timeline& timeline, const Window& window,
                                                    const Wait& wait) const;
    [[nodiscard]] std::uint64_t self_ns(const Timeline& timeline, const Wait& wait,
                                        Rank rank) const;
    [[nodiscard]] std::uint64_t thread_ns(const Timeline& timeline, std::uint64_t key) const;
    /// How many tasks are named in the wait at hand.
    [[nodiscard]] std::uint32_t most_named() const {
        return brief_ ? std::min(brief_tasks, detail_.named_tasks) : detail_.named_tasks;
    }
    void find_tasks(const Timeline& timeline, std::int16_t waiter_prio);
    void sample_tasks(const Timeline& timeline);
    void add_other_ranks(const Timeline& timeline, std::int16_t waiter_prio);
    void keep_most_met();
    void sort_keys();
    void merge_ranks(std::int16_t waiter_prio);
    void name_tasks(const Timeline& timeline, Wait& wait);
    void list_parts(const Timeline& timeline, Wait& wait);
    void list_stretches(const Timeline& timeline, Wait& wait) const;

    Detail detail_;
    bool brief_ = false;
    // Of the wait at hand; members so that their memory is used again.
    Spans throttled_;        // surely, disjoint, oldest first
    Spans maybe_throttled_;  // surely or perhaps: whoever ran then may not be to blame
    std::vector<Piece> pieces_;
    std::vector<std::uint64_t> keys_;  // thread keys
    Tally met_;                        // at samples
    std::vector<Tally::Met> most_met_;
    Sampled sampled_;  // outlives the wait
    std::vector<Candidate> candidates_;
    std::size_t tasks_ = 0;  // that ran in the wait
};

/// The one word for a wait; docs/LEDGER.md has the rules. Reads `sums`; where the wait is empty,
/// `task` and `prev` decide.
Cause cause_of(const Wait& wait);

/// The word for a task that waits still: a first look at who has the CPU.
Cause cause_of_stuck(const Stuck& stuck);

/// Whether a task of `prio` goes before one of `waiter_prio` whatever its share (both the
/// kernel's).
bool outranks(std::int16_t prio, std::int16_t waiter_prio);

/// Whether a task of `prio` is of a lower class, which the scheduler never prefers.
bool is_lower_class(std::int16_t prio, std::int16_t waiter_prio);

/// What another process's task means for the waiter whose CPU it has: `realtime` if it outranks the
/// waiter, `contention` if they are of one class, `unknown` if it is of a lower one.
Cause cause_of_runner(std::int16_t prio, std::int16_t waiter_prio);

}  // namespace rqs
