// SPDX-License-Identifier: BSD-2-Clause
// Sums a session up: reports of each interval where they are wanted, and one of everything.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "aggregate/summary.h"
#include "session/consumer.h"

namespace rqs {

class Summarizer final : public Consumer {
  public:
    using Print = std::function<void(const SummaryReport&)>;

    /// `interval_s`: how long an interval is, nothing for none. Intervals are cut at multiples of
    /// it since the session began, by the time of events: an interval is over when an event comes
    /// that lies at its end or later. One in which nothing happened is reported too; the last,
    /// which the session's end cut short, only where it holds waits.
    Summarizer(GroupBy by, std::optional<double> interval_s, Print print);

    [[nodiscard]] Needs needs() const override;
    void begin(const RunInfo& info) override;

    void ran(const Ran& ran) override;
    void wait(const Wait& wait) override;
    void interval(const Interval& interval) override;
    void loss(const Loss& loss) override;
    void reached(std::uint64_t now_ns) override { cut(now_ns); }

    void end(const RunEnd& end) override;

  private:
    template <typename Event>
    void add(const Event& event);
    void cut(std::uint64_t ts_ns);

    GroupBy by_;
    std::uint64_t interval_ns_;  // 0: no intervals
    Print print_;
    std::uint64_t began_ns_ = 0;
    std::uint64_t interval_began_ns_ = 0;
    std::optional<Summary> total_;  // from begin() on
    std::optional<Summary> current_;
};

}  // namespace rqs
