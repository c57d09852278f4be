// SPDX-License-Identifier: BSD-2-Clause
#include "util/run_clock.h"

#include <algorithm>

#include "util/stop_signals.h"

namespace rqs::util {
namespace {

using std::chrono::milliseconds;

/// Thirty years: the nanoseconds of a clock would overflow after some three hundred.
constexpr double endless_s = 1e9;

}  // namespace

RunClock::RunClock(std::optional<double> duration_s) {
    if (duration_s && *duration_s <= endless_s) {
        end_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                  std::chrono::duration<double>(*duration_s));
    }
}

bool RunClock::over() const {
    return stop_signal() != 0 || (end_ && Clock::now() >= *end_);
}

milliseconds RunClock::left(milliseconds longest) const {
    if (!end_) {
        return longest;
    }
    return std::clamp(std::chrono::ceil<milliseconds>(*end_ - Clock::now()), milliseconds{0},
                      longest);
}

}  // namespace rqs::util
