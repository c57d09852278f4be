// SPDX-License-Identifier: BSD-2-Clause
// What one CPU did, as far as it was told: who had it from when to when, with sums by prefix, so
// that a stretch of any length is summed up in the time of a search.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ledger/keyed_sums.h"
#include "model/event.h"
#include "model/record.h"
#include "util/zeroed_array.h"

namespace rqs {

/// How the scheduler ranks a task: what has a lower rank goes first whatever its share. Deadline is
/// 0, real-time priorities are 1 to 100, everything else is 101.
using Rank = std::uint8_t;
constexpr Rank rank_deadline = 0;
constexpr Rank rank_fair = 101;
constexpr Rank rank_of(std::int16_t prio) {
    return prio < 0 ? rank_deadline : prio < 100 ? static_cast<Rank>(prio + 1) : rank_fair;
}

/// Time by what it was spent on. All of a CPU's known time, and nothing twice.
struct TimeSums {
    std::uint64_t idle_ns = 0;
    std::uint64_t irq_ns = 0;
    std::uint64_t steal_ns = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t realtime_ns = 0;
    std::uint64_t fair_ns = 0;

    TimeSums& operator+=(const TimeSums& other);
    TimeSums& operator-=(const TimeSums& other);
    [[nodiscard]] std::uint64_t total_ns() const {
        return idle_ns + irq_ns + steal_ns + deadline_ns + realtime_ns + fair_ns;
    }
};

/// A stretch in which one task had the CPU. Times are the runqueue's clock, ns.
struct Run {
    std::uint64_t start_ns = 0;  ///< equals end_ns where the start is not known
    std::uint64_t end_ns = 0;
    std::uint64_t irq_ns = 0;    ///< of the stretch, taken by interrupts
    std::uint64_t steal_ns = 0;  ///< and by the hypervisor
    std::uint64_t cgroup_id = 0;
    TaskId task;
    std::uint32_t ppid = 0;
    std::int16_t prio = 120;
    Policy policy = Policy::other;
    bool kernel_thread = false;
    TimeSums before;  ///< of the CPU, before this run

    /// What is left to the task, or to idling.
    [[nodiscard]] std::uint64_t ran_ns() const { return end_ns - start_ns - irq_ns - steal_ns; }
};

/// The runqueue of a group was throttled in this stretch; `certain` false: in some part of it.
struct Throttling {
    std::uint32_t group = 0;
    std::uint64_t start_ns = 0;
    std::uint64_t end_ns = 0;
    bool certain = true;
};

class Timeline {
  public:
    /// Remembers the last `capacity` runs, a power of two. `with_threads`: keys by thread too.
    Timeline(std::size_t capacity, bool with_threads);

    /// A run ends. Returns its position; they count from 0 without holes.
    std::uint64_t add(const Switch& record);
    /// A throttling lies in time where its start and its length are known. Where there were several
    /// since the last look, or it is the first look, only the bounds are.
    void add_throttling(const ThrottleLook& look);

    /// A moment on the timeline.
    struct Point {
        std::uint64_t position = 0;  ///< of the first run that ends after it
        std::uint64_t done_ns = 0;   ///< what that run's task had run by then
        TimeSums before;             ///< of the CPU, by then
    };
    /// `ns` not before the oldest run's start: see oldest_ns(). O(log n).
    [[nodiscard]] Point at(std::uint64_t ns) const;

    /// The position alone, searched for from `hint` on, which is not behind it.
    [[nodiscard]] std::uint64_t position_at(std::uint64_t ns, std::uint64_t hint) const;

    /// Before this nothing is remembered.
    [[nodiscard]] std::uint64_t oldest_ns() const;
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] std::uint64_t next_position() const { return count_; }
    [[nodiscard]] std::uint64_t oldest_position() const;
    /// Nothing ran after the point.
    [[nodiscard]] bool is_end(const Point& point) const { return point.position >= count_; }
    [[nodiscard]] const Run& run(std::uint64_t position) const {
        return runs_[position & (runs_.size() - 1)];
    }

    /// What the runs of a process of a rank ran between two points, of which `to` is not before
    /// `from`.
    [[nodiscard]] std::uint64_t process_ns(std::uint32_t pid, Rank rank, const Point& from,
                                           const Point& to) const;
    /// What the runs of a thread of a rank, or of all of a rank, ran after a point.
    [[nodiscard]] std::uint64_t thread_ns(std::uint32_t tid, Rank rank, const Point& from) const;
    [[nodiscard]] std::uint64_t rank_ns(Rank rank, const Point& from) const;
    /// Ranks better than fair that were ever seen, ascending.
    [[nodiscard]] const std::vector<Rank>& special_ranks() const { return special_ranks_; }
    /// Keys are thread_key()s.
    [[nodiscard]] const KeyedSums& threads() const;

    [[nodiscard]] const std::vector<Throttling>& throttlings() const { return throttlings_; }

    static std::uint64_t thread_key(std::uint32_t tid, Rank rank) {
        return std::uint64_t{tid} << 8 | rank;
    }
    static std::uint32_t tid_in(std::uint64_t thread_key) {
        return static_cast<std::uint32_t>(thread_key >> 8);
    }
    static Rank rank_in(std::uint64_t thread_key) { return static_cast<Rank>(thread_key & 0xff); }
    /// Memory of a run, about.
    static constexpr std::size_t bytes_per_run = sizeof(Run) + 3 * KeyedSums::bytes_per_entry;

  private:
    struct Edge {
        std::uint64_t end_ns = 0;
        std::uint64_t irq_ns = 0;
        std::uint64_t steal_ns = 0;
    };

    [[nodiscard]] std::uint64_t first_that_ends_after(std::uint64_t ns) const;
    [[nodiscard]] std::uint64_t process_ns(std::uint32_t pid, Rank rank, const Point& from) const;
    [[nodiscard]] Run run_of(const Switch& record) const;
    [[nodiscard]] std::uint64_t search(std::uint64_t ns, std::uint64_t first,
                                       std::uint64_t end) const;
    void note_rank(Rank rank);
    template <typename Key>
    void catch_up(KeyedSums& sums, std::uint64_t& indexed, Key key) const;
    [[nodiscard]] const KeyedSums& processes() const;

    util::ZeroedArray<Run> runs_;  // a circle
    std::uint64_t count_ = 0;      // ever added
    std::uint64_t restart_ = 0;    // runs before this one are not comparable: the clock went back
    std::optional<Edge> edge_;
    TimeSums sums_;
    KeyedSums ranks_;  // other than fair
    // These two are asked for few waits, and know the runs up to a position: what has come since is
    // added when somebody asks.
    mutable KeyedSums processes_;
    mutable std::optional<KeyedSums> threads_;
    mutable std::uint64_t processes_indexed_ = 0;
    mutable std::uint64_t threads_indexed_ = 0;
    std::vector<Rank> special_ranks_;
    std::vector<Throttling> throttlings_;  // oldest first, few
};

}  // namespace rqs
