// SPDX-License-Identifier: BSD-2-Clause
// Everything that a report of a recording says, added up while the recording is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "aggregate/idle_analysis.h"
#include "aggregate/loss_timeline.h"
#include "aggregate/recording_report.h"
#include "aggregate/summary.h"
#include "aggregate/wait_lengths.h"
#include "aggregate/worst_waits.h"
#include "model/options.h"
#include "session/consumer.h"

namespace rqs {

/// Reads millions of waits a second: one of them costs what Summary costs and a few additions.
class Reporter final : public Consumer {
  public:
    static constexpr std::size_t worst_waits = 10;
    static constexpr std::uint32_t named_tasks = 6;

    explicit Reporter(GroupBy by) : by_(by), worst_(worst_waits) {}

    /// Also looks at what idle CPUs could have run, before begin(): where all waits of all tasks
    /// are there. `online`: the numbers of the CPUs that there were.
    void look_at_idle(std::vector<std::uint32_t> online) { online_ = std::move(online); }

    [[nodiscard]] Needs needs() const override;
    [[nodiscard]] std::uint64_t parts_from_ns() const override { return worst_.parts_from_ns(); }
    void begin(const RunInfo& info) override;

    void ran(const Ran& ran) override {
        ++switches_;
        summary_->ran(ran);
        if (idle_) {
            idle_->ran(ran);
        }
    }
    void wait(const Wait& wait) override;
    void interval(const Interval& interval) override { summary_->add(interval); }
    void loss(const Loss& loss) override;
    void clock(const ClockReading& reading) override {
        realtime_offset_ns_ = reading.realtime_offset_ns;
    }
    void fork(const Fork& fork) override {
        if (idle_) {
            idle_->fork(fork);
        }
    }
    void exit(const Exit& exit) override {
        if (idle_) {
            idle_->exit(exit);
        }
    }
    void affinity(const Affinity& affinity) override {
        if (idle_) {
            idle_->affinity(affinity);
        }
    }
    void end(const RunEnd& end) override;

    /// After end(), once: `info` and `damage` are left for the caller to fill in.
    [[nodiscard]] RecordingReport take_report();

  private:
    GroupBy by_;
    RunInfo info_;
    std::int64_t realtime_offset_ns_ = 0;
    std::uint64_t switches_ = 0;
    std::optional<Summary> summary_;  // from begin() on
    std::optional<std::vector<std::uint32_t>> online_;
    std::optional<IdleAnalysis> idle_;
    WaitLengths lengths_;
    LossTimeline losses_;
    WorstWaits worst_;
    RecordingReport report_;
};

}  // namespace rqs
