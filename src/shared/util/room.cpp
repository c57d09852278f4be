// SPDX-License-Identifier: BSD-2-Clause
#include "util/room.h"

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <optional>

namespace rqs::util {

bool has_room(int fd, int timeout_ms) {
    pollfd ready{fd, POLLOUT, 0};
    const int count = ::poll(&ready, 1, timeout_ms);
    return count > 0 || (count < 0 && errno != EINTR);
}

// In slices, because not everything that asks to stop is a signal, and because one may come just
// before poll().
bool wait_for_room(int fd, const std::function<bool()>& stop_asked) {
    using Clock = std::chrono::steady_clock;
    constexpr int slice_ms = 50;
    constexpr std::chrono::seconds grace{2};
    std::optional<Clock::time_point> asked;
    while (!has_room(fd, slice_ms)) {
        if (!asked && stop_asked()) {
            asked = Clock::now();
        }
        if (asked && Clock::now() - *asked >= grace) {
            return false;
        }
    }
    return true;
}

}  // namespace rqs::util
