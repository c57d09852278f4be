// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <ctime>

namespace rqs::util {

/// A clock of clock_gettime(2) in ns. Those that every Linux has cannot fail.
inline std::uint64_t clock_ns(clockid_t clock) {
    constexpr std::uint64_t second_ns = 1'000'000'000;
    timespec now{};
    (void)::clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * second_ns +
           static_cast<std::uint64_t>(now.tv_nsec);
}

/// CLOCK_MONOTONIC: what events are stamped with.
inline std::uint64_t monotonic_ns() {
    return clock_ns(CLOCK_MONOTONIC);
}

}  // namespace rqs::util
