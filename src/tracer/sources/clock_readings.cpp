// SPDX-License-Identifier: BSD-2-Clause
#include "sources/clock_readings.h"

#include <ctime>
#include <limits>

#include "sources/kernel_clock.h"
#include "util/clock.h"

namespace rqs {
// Between two readings of one clock the other is read; the closest pair of several tells best. A
// single pair would be off by as long as this thread waited between its two readings.
std::int64_t realtime_offset_ns() {
    constexpr int tries = 5;
    std::int64_t closest_ns = std::numeric_limits<std::int64_t>::max();
    std::int64_t offset_ns = 0;
    for (int i = 0; i < tries; ++i) {
        const auto before = static_cast<std::int64_t>(kernel_monotonic_ns());
        const auto real = static_cast<std::int64_t>(util::clock_ns(CLOCK_REALTIME));
        const std::int64_t apart_ns = static_cast<std::int64_t>(kernel_monotonic_ns()) - before;
        if (apart_ns < closest_ns) {
            closest_ns = apart_ns;
            offset_ns = real - (before + apart_ns / 2);
        }
    }
    return offset_ns;
}

void ClockReadings::read_if_due(std::uint64_t now_ns, RecordHandler& handler) {
    constexpr std::uint64_t every_ns = 1'000'000'000;
    if (now_ns < due_ns_) {
        return;
    }
    due_ns_ = now_ns + every_ns;
    handler.on_clock({now_ns, realtime_offset_ns()});
}

}  // namespace rqs
