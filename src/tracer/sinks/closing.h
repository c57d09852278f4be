// SPDX-License-Identifier: BSD-2-Clause
// What a run says to a person beside its data, whatever the format: losses when they happen, the
// closing line, and what the reader must know of the figures.
#pragma once

#include <cstdint>
#include <string>

#include "aggregate/summary.h"
#include "model/event.h"
#include "sinks/sink.h"

namespace rqs::sinks {

/// How much of the time waited is unknown, and how much of that in waits that began before tracing.
struct UnknownTime {
    std::uint64_t whole_ns = 0;
    std::uint64_t unknown_ns = 0;
    std::uint64_t early_ns = 0;
    bool lossy = false;  ///< most waits were lost, and with them what explains the others
};

/// Says that much of the time is unknown, and which option helps, with a newline; nothing where it
/// is at most a twentieth. `history` as in SinkSetup.
void put_unknown(std::string& out, const UnknownTime& time, std::uint32_t history);

class Closing {
  public:
    explicit Closing(const SinkSetup& setup)
        : info_(setup.info), history_(setup.history), explained_(sink_needs(setup.view).parts) {}

    /// Each wait that is shown; it costs a few additions.
    void wait(const Wait& wait) {
        time_.whole_ns += wait.wait_ns;
        time_.unknown_ns += wait.sums.unknown_ns;
        time_.early_ns += wait.early ? wait.sums.unknown_ns : 0;
        incomplete_ += wait.complete ? 0U : 1U;
        brief_ += wait.brief ? 1U : 0U;
    }
    /// A report has said itself how much is unknown, which need not be said again at the end.
    void report(const SummaryReport& report) {
        reported_ = reported_ || (report.last && !report.sampled);
    }
    /// At most one warning in a second of event time; what came meanwhile stands in the next.
    void loss(std::string& talk, const Loss& loss);

    /// `1000 waits in 10.0 s, 7 kept, 2 lost`, for formats without a record for it.
    void line(std::string& talk, const RunEnd& end) const;
    /// After it, in every format: nothing where all is well.
    void warnings(std::string& talk, const RunEnd& end) const;

  private:
    RunInfo info_;
    std::uint32_t history_;
    bool explained_;  ///< the reader sees what waits were spent on
    UnknownTime time_;
    std::uint64_t incomplete_ = 0;
    std::uint64_t brief_ = 0;
    bool reported_ = false;
    std::uint64_t lost_unsaid_ = 0;
    std::uint64_t loss_said_ns_ = 0;
    bool loss_said_ = false;
};

}  // namespace rqs::sinks
