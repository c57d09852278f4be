// SPDX-License-Identifier: BSD-2-Clause
#include "util/local_time.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace rqs::util {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

}  // namespace

LocalTime::Moment LocalTime::at(std::uint64_t clock_ns) {
    // Wraps like the clocks do instead of overflowing: nonsense in, a nonsense date out, no more.
    const auto ns = static_cast<std::int64_t>(clock_ns + static_cast<std::uint64_t>(offset_ns_));
    std::int64_t second = ns / second_ns;
    std::int64_t rest = ns % second_ns;
    if (rest < 0) {
        rest += second_ns;
        --second;
    }
    if (second != second_) {
        format(second);
        second_ = second;
    }
    return {clock_, date_, zone_, static_cast<std::uint32_t>(rest / 1000)};
}

void LocalTime::format(std::int64_t second) {
    const auto time = static_cast<std::time_t>(second);
    std::tm local{};
    (void)::localtime_r(&time, &local);
    clock_ = fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
    date_ = fmt::format("{:04}-{:02}-{:02}T{}", local.tm_year + 1900, local.tm_mon + 1,
                        local.tm_mday, clock_);
    const long minutes = local.tm_gmtoff / 60;
    const long distance = minutes < 0 ? -minutes : minutes;
    zone_ = fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', distance / 60, distance % 60);
}

}  // namespace rqs::util
