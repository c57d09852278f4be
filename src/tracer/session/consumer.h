// SPDX-License-Identifier: BSD-2-Clause
// What a session hands to whoever wants to know: printing, summing up, recording, a live view.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/event.h"
#include "model/known_names.h"
#include "util/error.h"

namespace rqs {

/// What a consumer needs beyond the bare waits. What nobody needs is not computed.
struct Needs {
    bool sums = false;              ///< Wait::sums and Wait::cause
    bool parts = false;             ///< Wait::why, which comes with the sums
    std::uint32_t named_tasks = 0;  ///< Wait::why names so many tasks
    bool stretches = false;         ///< Wait::stretches, every run (Consumer::ran), and the sums
    bool process_names = false;
    bool cgroup_names = false;

    [[nodiscard]] bool explanation() const { return sums || parts || stretches; }

    void add(const Needs& other) {
        sums = sums || other.sums;
        named_tasks = std::max(named_tasks, other.named_tasks);
        parts = parts || other.parts;
        stretches = stretches || other.stretches;
        process_names = process_names || other.process_names;
        cgroup_names = cgroup_names || other.cgroup_names;
    }
};

/// What is known when a run begins.
struct RunInfo {
    std::uint64_t began_ns = 0;  ///< CLOCK_MONOTONIC; intervals are cut from here on
    std::int64_t realtime_offset_ns = 0;
    std::uint64_t min_us = 0;
    bool sampled = false;       ///< only Interval events will come
    std::uint32_t cpus = 0;     ///< highest CPU number plus one
    std::size_t runs_kept = 0;  ///< a Stretch reaches no further back than so many runs of its CPU
    /// Names as far as the source told them; filled while the session goes on.
    const KnownNames* names = nullptr;
};

/// What is known when it ends.
struct RunEnd {
    std::uint64_t ended_ns = 0;  ///< CLOCK_MONOTONIC
    Counters counters;
};

/// Takes events in order of time, on the session's thread. Each function that a consumer does not
/// care about does nothing. All times are event times: a consumer reads no clock, so that a replay
/// says what the live run said.
class Consumer {
  public:
    Consumer() = default;
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;
    virtual ~Consumer() = default;

    [[nodiscard]] virtual Needs needs() const { return {}; }
    /// Where parts are needed: of waits that are at least so long. May change with each wait.
    [[nodiscard]] virtual std::uint64_t parts_from_ns() const { return 0; }
    virtual void begin(const RunInfo& /*info*/) {}

    virtual void ran(const Ran& /*ran*/) {}
    virtual void wait(const Wait& /*wait*/) {}
    virtual void stuck(const Stuck& /*stuck*/) {}
    virtual void interval(const Interval& /*interval*/) {}
    virtual void loss(const Loss& /*loss*/) {}
    virtual void clock(const ClockReading& /*reading*/) {}
    virtual void fork(const Fork& /*fork*/) {}
    virtual void exit(const Exit& /*exit*/) {}
    virtual void affinity(const Affinity& /*affinity*/) {}
    /// No event before this moment will come any more (CLOCK_MONOTONIC).
    virtual void reached(std::uint64_t /*now_ns*/) {}

    virtual void end(const RunEnd& /*end*/) {}

    /// Called after each batch of events: writes out what is due.
    virtual Status flush() { return {}; }
    /// No more events are wanted: a count was reached, or nobody reads.
    [[nodiscard]] virtual bool done() const { return false; }
};

}  // namespace rqs
