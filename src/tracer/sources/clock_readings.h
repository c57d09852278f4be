// SPDX-License-Identifier: BSD-2-Clause
// What time of day it is: clocks drift apart, and people set one of them.
#pragma once

#include <cstdint>

#include "model/record.h"

namespace rqs {

/// CLOCK_REALTIME less CLOCK_MONOTONIC, ns.
std::int64_t realtime_offset_ns();

/// Hands on a reading of both clocks once a second.
class ClockReadings {
  public:
    void read_if_due(std::uint64_t now_ns, RecordHandler& handler);

  private:
    std::uint64_t due_ns_ = 0;
};

}  // namespace rqs
