// SPDX-License-Identifier: BSD-2-Clause
// The longest waits, whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/event.h"

namespace rqs {

/// A wait and what is needed to tell its time.
struct WorstWait {
    Wait wait;
    std::int64_t realtime_offset_ns = 0;  ///< CLOCK_REALTIME was so much ahead of CLOCK_MONOTONIC
};

/// Costs a comparison for nearly every wait: few are longer than all but nine before them.
class WorstWaits {
  public:
    /// `most` of at least 1.
    explicit WorstWaits(std::size_t most) : most_(most) {}

    /// A wait that is shorter than this is not going to be kept: nobody needs its parts
    /// (Consumer::parts_from_ns). Of equal ones the first is kept.
    [[nodiscard]] std::uint64_t parts_from_ns() const { return from_ns_; }

    void add(const Wait& wait, std::int64_t realtime_offset_ns) {
        if (wait.wait_ns >= from_ns_) {
            keep(wait, realtime_offset_ns);
        }
    }

    /// Longest first; of equal ones the earlier first.
    [[nodiscard]] std::vector<WorstWait> waits() const;

  private:
    void keep(const Wait& wait, std::int64_t realtime_offset_ns);

    std::size_t most_;
    std::vector<WorstWait> heap_;  // the shortest and latest on top
    std::uint64_t from_ns_ = 0;    // more than the shortest, once so many are kept
};

}  // namespace rqs
