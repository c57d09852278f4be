// SPDX-License-Identifier: BSD-2-Clause
// All that a report of a recording says, ready to be printed in any format.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "aggregate/name_sums.h"
#include "aggregate/summary.h"
#include "aggregate/wait_lengths.h"
#include "aggregate/worst_waits.h"
#include "model/event.h"
#include "model/known_names.h"
#include "model/recording_info.h"

namespace rqs {

struct IdleReport;

struct RecordingReport {
    // Filled in by whoever opened the recording.
    std::vector<RecordingInfo> info;  ///< one a run, normally one
    /// What could not be read, a line each without its end. Raw: names of files stand in it.
    std::vector<std::string> damage;

    // Filled in by the Reporter.
    std::uint64_t from_ns = 0;  ///< CLOCK_MONOTONIC
    std::uint64_t to_ns = 0;
    std::int64_t realtime_offset_ns = 0;  ///< at `from_ns`
    std::uint64_t min_us = 0;             ///< waits longer than this were kept
    std::uint64_t switches = 0;
    SummaryReport summary;
    HeaviestNames names;
    WaitLengths lengths;
    std::vector<Loss> losses;      ///< in order of time, see LossTimeline
    std::vector<WorstWait> worst;  ///< longest first
    /// Tasks that are shown of each of them, though they may name more for another consumer.
    std::uint32_t worst_named_tasks = UINT32_MAX;
    KnownNames worst_names;  ///< of the cgroups of `worst`

    // Optional: what idle CPUs could have run. Null where it was not looked at.
    std::shared_ptr<const IdleReport> idle;

    /// How many waits were lost for this reason.
    [[nodiscard]] std::uint64_t lost(LossReason reason) const {
        return std::accumulate(losses.begin(), losses.end(), std::uint64_t{0},
                               [&](std::uint64_t sum, const Loss& loss) {
                                   return sum + (loss.reason == reason ? loss.lost : 0);
                               });
    }
    [[nodiscard]] std::uint64_t duration_ns() const { return to_ns - std::min(from_ns, to_ns); }
};

}  // namespace rqs
