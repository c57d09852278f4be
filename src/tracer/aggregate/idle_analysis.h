// SPDX-License-Identifier: BSD-2-Clause
// Waits that need not have been: a CPU that the task was allowed to use idled meanwhile.
//
// Of a wait that ended at `ts` on CPU c and took `wait`, the **avoidable** time is the length of
// the union, over all CPUs other than c that the task may use, of their idle runs within [ts -
// wait, ts]: a nanosecond counts once, however many CPUs idled in it. Where the task was moved to c
// while it waited, c counts too, for as long as the task was queued elsewhere: that an idle CPU
// takes a task over after a while is how such waits end. (On which CPU it was queued until then is
// not known, so that none is excluded.) A wait that was throttled in any part is left out as a
// whole: where in it the quota kept the task off the CPU is not known.
//
// A CPU **idled while others queued** when it idled, and a task that may use it was queued on
// another CPU, and no such task on it. Such a task is one that waits, unthrottled, and may use more
// than the one CPU.
//
// That a CPU idled is known when the idling has ended. A wait is therefore held back until each CPU
// that it concerns has reached its end, which is when a run of it has come that ended later.
// (Consumer::reached() does not help: no switch may have come because the CPU idles, or because its
// task goes on running.) So many waits are held; what finds no room, or is held at the end, counts
// with what is known and as undecided.
//
// Cost: two searches near the newest end of two ordered sets a wait, whatever the number of CPUs
// and the length of the wait (idle_sweep.h). A task that is restricted to some of the CPUs takes a
// look at the idle runs of each of these, and no more than so many looks a wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "aggregate/affinities.h"
#include "aggregate/idle_report.h"
#include "aggregate/idle_sweep.h"
#include "aggregate/idle_victims.h"
#include "aggregate/time_spans.h"
#include "model/event.h"
#include "model/options.h"

namespace rqs {

struct IdleOptions {
    GroupBy by = GroupBy::process;
    const KnownNames* names = nullptr;  ///< must outlive the analysis; null: as events have them
    std::uint32_t cpus = 1;             ///< highest CPU number plus one
    /// CPUs that were online: waits are held back for these from the beginning, and for each other
    /// one from its first run on.
    std::vector<std::uint32_t> online;
    std::size_t top = 10;  ///< victims listed
    std::size_t max_victims = 4096;
    std::size_t max_held_waits = 65536;  ///< 72 bytes each
    /// Idle runs, and stretches of waits, that are remembered of each CPU, 24 bytes each, four
    /// times; 0: what comes to 16 MiB for all CPUs together, 512 at least and 32,768 at most.
    std::size_t max_spans = 0;
    std::size_t max_looks = 4096;  ///< at CPUs' idle runs, for one wait of a restricted task
};

class IdleAnalysis {
  public:
    explicit IdleAnalysis(const IdleOptions& options);

    // Events as Consumer has them. Waits come in order of their ends, as far as the source can.
    void ran(const Ran& run);
    void wait(const Wait& wait);
    void affinity(const Affinity& affinity) { affinities_.add(affinity); }
    void fork(const Fork& fork) { affinities_.add(fork); }
    void exit(const Exit& exit) { affinities_.add(exit); }
    /// No event will come any more: decides what is held.
    void finish();

    /// Of what was decided so far.
    [[nodiscard]] IdleReport report() const;

    [[nodiscard]] std::size_t held_waits() const { return held_.size(); }
    /// Memory, but for victims and affinities: those have bounds of their own.
    [[nodiscard]] std::size_t bytes() const;

  private:
    using Cpus = std::vector<std::uint32_t>;
    struct Cpu {
        explicit Cpu(std::size_t most) : queued_here(most), queued_restricted(most) {}

        bool seen = false;
        bool awaited = false;  // waits are held back for it
        std::uint64_t known_until_ns = 0;
        std::uint64_t busy_ns = 0;
        std::uint64_t idle_ns = 0;
        std::uint64_t waits = 0;
        std::uint64_t wait_ns = 0;
        std::uint64_t idle_while_others_queued_ns = 0;  // before `settled_ns`
        std::uint64_t settled_ns = 0;
        TimeSpans queued_here;        // tasks that may use other CPUs were queued on this one
        TimeSpans queued_restricted;  // tasks that may use some CPUs, and this one, were queued
    };
    struct Held {
        std::uint64_t begin_ns = 0;
        std::uint64_t here_ns = 0;  // since when it was queued on `cpu`; before that elsewhere
        std::uint64_t end_ns = 0;
        std::uint64_t group = 0;        // GroupKey::id
        const Cpus* allowed = nullptr;  // as Affinities::Allowed::cpus
        TaskId task;
        std::uint32_t cpu = 0;
        Group::Kind kind = Group::Kind::others;
    };
    struct Found {
        std::uint64_t ns = 0;
        std::uint32_t idle_cpu = 0;
        bool all = true;  // nothing else can have been avoidable
    };

    void add_idle(std::uint32_t number, std::uint64_t begin_ns, std::uint64_t end_ns);
    void note_reached(std::uint32_t number, std::uint64_t end_ns);
    void note_queued(const Held& held);
    void unite(TimeSpans& spans, std::uint64_t begin_ns, std::uint64_t end_ns);
    void hold(const Held& held);

    void decide_until(std::uint64_t ns);
    void decide(const Held& held);
    [[nodiscard]] Found find_any(const Held& held) const;
    [[nodiscard]] Found find_restricted(const Held& held) const;
    [[nodiscard]] std::optional<std::uint64_t> idle_ns(const Cpus& cpus, std::uint32_t but_cpu,
                                                       std::uint64_t from_ns,
                                                       std::uint64_t to_ns) const;
    [[nodiscard]] std::uint32_t longest_idle(const Cpus& cpus, std::uint32_t but_cpu,
                                             std::uint64_t from_ns, std::uint64_t to_ns) const;
    [[nodiscard]] bool all_reached(const Held& held) const;

    void settle(Cpu& cpu, std::uint32_t number, std::uint64_t until_ns);
    void settle_all(std::uint64_t until_ns);
    [[nodiscard]] std::uint64_t idle_while_others_queued_ns(std::uint32_t number,
                                                            std::uint64_t from_ns,
                                                            std::uint64_t to_ns) const;

    IdleOptions options_;
    std::size_t max_spans_;
    Affinities affinities_;
    IdleSweep sweep_;
    IdleVictims victims_;
    std::vector<Cpu> cpus_;
    TimeSpans queued_;  // tasks that may use any CPU were queued
    std::deque<Held> held_;
    std::uint64_t reached_ns_ = 0;  // all awaited CPUs have
    std::uint32_t slowest_ = 0;     // the CPU that keeps it there
    Cpus all_;                      // the numbers of all CPUs
    std::uint64_t waits_ = 0;
    std::uint64_t avoidable_ns_ = 0;
    std::uint64_t avoidable_waits_ = 0;
    std::uint64_t undecided_waits_ = 0;
    std::uint64_t unknown_affinity_waits_ = 0;
    std::uint64_t throttled_waits_ = 0;
};

}  // namespace rqs
