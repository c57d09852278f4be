// SPDX-License-Identifier: BSD-2-Clause
// How long a run goes on: what a loop that waits for events asks between two waits.
#pragma once

#include <chrono>
#include <optional>

namespace rqs::util {

/// A run ends with a stop signal (util/stop_signals.h) or, where it has a duration, with that. What
/// else ends it (a count, a reader that left, a command) the loop knows itself.
class RunClock {
  public:
    using Clock = std::chrono::steady_clock;

    /// A run without end.
    RunClock() = default;
    /// A run that ends `duration_s` seconds from now; nothing, or more than a clock holds: without
    /// end.
    explicit RunClock(std::optional<double> duration_s);

    [[nodiscard]] bool over() const;

    /// How long the loop may wait: until the end, but at most `longest`. Rounded up, so that a wait
    /// of so long is not followed by a last one of no time.
    [[nodiscard]] std::chrono::milliseconds left(std::chrono::milliseconds longest) const;

  private:
    std::optional<Clock::time_point> end_;
};

}  // namespace rqs::util
