// SPDX-License-Identifier: BSD-2-Clause
// A clock as local time of day, cheap for events that come in order.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

namespace rqs::util {

/// Formats a second once and remembers it: events of the same second pay for their microseconds
/// alone.
class LocalTime {
  public:
    /// `realtime_offset_ns` added to the clock that is formatted gives CLOCK_REALTIME.
    explicit LocalTime(std::int64_t realtime_offset_ns) : offset_ns_(realtime_offset_ns) {}

    /// From now on; the clocks drift apart, and people set one of them.
    void set_offset(std::int64_t realtime_offset_ns) { offset_ns_ = realtime_offset_ns; }

    struct Moment {
        const std::string& clock;  ///< HH:MM:SS
        const std::string& date;   ///< YYYY-MM-DDTHH:MM:SS
        const std::string& zone;   ///< +HH:MM, RFC 3339
        std::uint32_t micros;
    };
    /// Valid until the next call.
    Moment at(std::uint64_t clock_ns);

  private:
    void format(std::int64_t second);

    std::int64_t offset_ns_;
    std::int64_t second_ = INT64_MIN;
    std::string clock_;
    std::string date_;
    std::string zone_;
};

}  // namespace rqs::util
