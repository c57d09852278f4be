// SPDX-License-Identifier: BSD-2-Clause
// Events as lines of a format, into one output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "aggregate/summary.h"
#include "model/options.h"
#include "session/consumer.h"
#include "sinks/sink.h"
#include "util/output.h"

namespace rqs {

/// Formats what comes and writes it; what is said to a person goes to stderr. Ends the session when
/// nobody takes its output any more.
class Printer final : public Consumer {
  public:
    /// `view` and `out` must outlive it. `width`, `history`: as in SinkSetup.
    Printer(const ViewOptions& view, util::Output& out, std::size_t width, std::uint32_t history)
        : view_(view), out_(out), width_(width), history_(history) {}

    [[nodiscard]] Needs needs() const override;
    void begin(const RunInfo& info) override;
    void wait(const Wait& wait) override;
    void stuck(const Stuck& stuck) override;
    void interval(const Interval& interval) override;
    void loss(const Loss& loss) override;
    void clock(const ClockReading& reading) override { sink_->clock(reading); }
    void end(const RunEnd& end) override;
    Status flush() override;
    [[nodiscard]] bool done() const override { return out_.closed(); }

    /// A report of a summary, where it stands in the stream.
    void report(const SummaryReport& report);

  private:
    void written() { (void)out_.flush_if_large(); }  // what failed shows in done() and error()

    const ViewOptions& view_;
    util::Output& out_;
    std::size_t width_;
    std::uint32_t history_;
    std::unique_ptr<Sink> sink_;
};

}  // namespace rqs
