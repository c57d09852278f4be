// SPDX-License-Identifier: BSD-2-Clause
// Waits as slices on their threads' tracks, and arrows to them from who had the CPU.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/event.h"
#include "perfetto/recent_runs.h"
#include "perfetto/threads.h"
#include "perfetto/trace_file.h"
#include "perfetto/words.h"

namespace rqs::perfetto {

/// All times are CLOCK_BOOTTIME, ns.
class WaitSlices {
  public:
    /// `named_tasks`: so many stand in a wait's ledger, the rest is `others`. Both must outlive it.
    WaitSlices(TraceFile& file, Threads& threads, std::uint32_t named_tasks)
        : file_(file), threads_(threads), named_tasks_(named_tasks) {}

    /// Tells the words; before everything else.
    void begin();
    /// `end_ns`: when it ended; the wait began at `begin_ns`.
    void wait(const Wait& wait, Threads::Thread& thread, std::uint64_t begin_ns,
              std::uint64_t end_ns, const RecentRuns& runs);
    /// On a track of their own for each CPU.
    void loss(const Loss& loss, std::uint64_t from_ns, std::uint64_t to_ns);

  private:
    struct LossTrack {
        bool told = false;
        std::uint64_t last_ns = 0;
    };

    /// A track event; `fill` adds what it has beside its track.
    template <typename Fill>
    void event(std::uint64_t ts_ns, std::uint64_t track, EventType type, Fill&& fill);
    void end(std::uint64_t ts_ns, std::uint64_t track);
    void write_wait(const Wait& wait, std::uint64_t track, std::uint64_t begin_ns);
    void write_ledger(protozero::pbf_writer& event, const Wait& wait) const;
    void write_culprit(const Wait& wait, std::uint64_t track, const RecentRuns::Overlap& culprit);
    LossTrack& loss_track(std::uint32_t cpu, std::uint64_t uuid);

    TraceFile& file_;
    Threads& threads_;
    std::uint32_t named_tasks_;
    std::uint64_t flows_ = 0;
    std::vector<LossTrack> loss_tracks_;  // by CPU plus one; the first is of all
};

}  // namespace rqs::perfetto
