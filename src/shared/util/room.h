// SPDX-License-Identifier: BSD-2-Clause
// Whether a descriptor takes bytes without making the writer wait. O_NONBLOCK would be the simple
// way to find out, but it belongs to the open file, which the shell and other programs share.
#pragma once

#include <functional>

namespace rqs::util {

/// Within so many milliseconds. An error counts as room: write() will name it.
bool has_room(int fd, int timeout_ms);

/// Waits for room. False where the program has been asked to end, as `stop_asked` tells, and the
/// reader has taken nothing for two seconds since.
bool wait_for_room(int fd, const std::function<bool()>& stop_asked);

}  // namespace rqs::util
