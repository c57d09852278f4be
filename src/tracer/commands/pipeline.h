// SPDX-License-Identifier: BSD-2-Clause
// Between a source and stdout: counts, sums up, formats.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "aggregate/summary.h"
#include "enrich/cgroups.h"
#include "model/options.h"
#include "sinks/sink.h"
#include "sources/source.h"
#include "util/output.h"

namespace rqs {

class Pipeline final : public EventHandler {
  public:
    /// `options` must outlive it. `samples`: the source knows no single waits.
    Pipeline(const Options& options, bool samples);

    /// Tells whether the run is over: then a reader that has stalled is not waited for much longer.
    void give_up_when(std::function<bool()> over) { out_.give_up_when(std::move(over)); }

    void begin();
    bool on_wait(Wait& wait) override;
    bool on_stuck(const Stuck& stuck) override;
    bool on_interval(const Interval& interval) override;

    /// Prints what is due and writes everything out; to be called after each poll.
    Status flush();
    /// The final report and summary. `counters` are the source's last.
    Status end(const Counters& counters);

    /// No more events are wanted: -n was reached or nobody reads.
    [[nodiscard]] bool done() const { return done_; }

  private:
    bool count_one();
    void learn_names(const Wait& wait);
    void read_clocks();
    void report(std::uint64_t since_ns, bool last);

    const Options& options_;
    RunInfo info_;
    CgroupNames cgroups_;
    std::unique_ptr<Sink> sink_;
    util::Output out_;
    std::optional<Summary> total_;     // --summary
    std::optional<Summary> interval_;  // --interval
    std::uint64_t began_ns_ = 0;
    std::uint64_t interval_began_ns_ = 0;
    std::uint64_t offset_read_ns_ = 0;
    std::uint64_t printed_ = 0;
    bool done_ = false;
    Status failed_;
};

}  // namespace rqs
