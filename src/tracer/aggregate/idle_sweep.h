// SPDX-License-Identifier: BSD-2-Clause
// When some CPU idled: the idle runs of all CPUs, taken in order of time.
//
// For a wait on CPU c the question is for how long any *other* CPU idled. That is the time in which
// some CPU did (`any_`) less that in which c alone did (`alone_`): two prefix sums instead of a
// look at each CPU. A CPU that begins or ends to idle changes two of these sets at most, so that a
// run costs the same on a machine of any size, but for the logarithm in the queue of what comes
// next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "aggregate/time_spans.h"

namespace rqs {

/// All times are CLOCK_MONOTONIC. Memory: 24 bytes a span, `most` spans of each CPU twice and once
/// more for all of them, taken when they come.
class IdleSweep {
  public:
    IdleSweep(std::uint32_t cpus, std::size_t most);

    /// A CPU idled; the runs of a CPU come in order. Of what lies before now_ns() only
    /// idle_of() learns. Not while that is full().
    void idled(std::uint32_t cpu, std::uint64_t begin_ns, std::uint64_t end_ns);
    /// Goes on to `ns`: every run that begins before has come, or comes too late.
    void advance(std::uint64_t ns);
    [[nodiscard]] std::uint64_t now_ns() const { return now_ns_; }

    /// For how long of from..to any CPU idled; `to_ns` is not after now_ns().
    [[nodiscard]] std::uint64_t any_idle_ns(std::uint64_t from_ns, std::uint64_t to_ns) const {
        return any_.covered_ns(from_ns, to_ns);
    }
    /// And any other CPU than this one.
    [[nodiscard]] std::uint64_t others_idle_ns(std::uint32_t cpu, std::uint64_t from_ns,
                                               std::uint64_t to_ns) const;
    /// Of the other CPUs that one which idles for longest now; where none does, which did last.
    [[nodiscard]] std::optional<std::uint32_t> longest_idle(std::uint32_t but_cpu) const;
    /// Before this the two do not know any more.
    [[nodiscard]] std::uint64_t known_from_ns() const { return known_from_ns_; }

    [[nodiscard]] const TimeSpans& idle_of(std::uint32_t cpu) const { return cpus_[cpu].idle; }
    /// Forgets the older half of a CPU's idle runs. It must be before now_ns(): see half_ns().
    void forget_half_of(std::uint32_t cpu) { (void)cpus_[cpu].idle.forget_half(); }

    [[nodiscard]] std::size_t bytes() const;

  private:
    static constexpr std::uint32_t none = UINT32_MAX;

    struct Cpu {
        explicit Cpu(std::size_t most) : idle(most), alone(most) {}

        TimeSpans idle;
        TimeSpans alone;          // it idled, and no other did
        std::uint64_t taken = 0;  // idle runs whose end lies behind us, counted from the first ever
        bool idles = false;
        // Neighbours in the list of those that idle now, the longest first.
        std::uint32_t before = none;
        std::uint32_t behind = none;
    };
    using Edge = std::pair<std::uint64_t, std::uint32_t>;  // when, which CPU

    [[nodiscard]] const TimeSpans::Span* next_run(const Cpu& cpu) const;
    void await_next(std::uint32_t number);
    void begin(std::uint32_t number, std::uint64_t ns);
    void end(std::uint32_t number, std::uint64_t ns);
    void open(TimeSpans& spans, std::uint64_t ns);

    std::vector<Cpu> cpus_;
    TimeSpans any_;
    std::priority_queue<Edge, std::vector<Edge>, std::greater<>> edges_;  // one a CPU
    std::uint64_t now_ns_ = 0;
    std::uint64_t known_from_ns_ = 0;
    std::size_t idling_ = 0;
    std::uint32_t first_ = none;
    std::uint32_t last_ = none;
    std::uint32_t stopped_ = none;         // idled last
    std::uint32_t stopped_before_ = none;  // the last one before that was another
};

}  // namespace rqs
