// SPDX-License-Identifier: BSD-2-Clause
// --stuck: tasks that have waited longer than the threshold and are waiting still.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

#include "sources/bpf_object.h"
#include "sources/stuck_news.h"

namespace rqs {

/// Looks through all tasks every half of the threshold, but every 10 ms at most and every 500 ms at
/// least, off the switch path. A task is reported when it is first
/// found and again whenever its wait has doubled.
class StuckFinder {
  public:
    /// `object` must outlive the finder.
    static Result<StuckFinder> make(BpfObject& object, std::uint64_t min_us);

    /// Looks if it is time to; what is new is appended, in order of time.
    Status look(std::uint64_t now_ns, std::deque<Stuck>& found);

    [[nodiscard]] std::chrono::milliseconds period() const { return period_; }

  private:
    StuckFinder(BpfObject& object, std::chrono::milliseconds period)
        : object_(&object), period_(period) {}

    BpfObject* object_;
    std::chrono::milliseconds period_;
    StuckNews news_;
    std::uint64_t next_ns_ = 0;
};

}  // namespace rqs
