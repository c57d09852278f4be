// SPDX-License-Identifier: BSD-2-Clause
#include "util/output.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "util/stop_signals.h"

namespace rqs::util {
namespace {

/// Whether a write may wait for somebody who reads. What cannot be looked at is written to plainly:
/// write() then says what is wrong.
bool has_reader(int fd) {
    struct stat info {};
    return ::fstat(fd, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode);
}

}  // namespace

Output::Output(int fd, std::string name)
    : fd_(fd), name_(std::move(name)), stop_asked_([] { return stop_signal() != 0; }) {}

void Output::give_up_when(std::function<bool()> stop_asked) {
    stop_asked_ = std::move(stop_asked);
}

// False once the grace is over. In slices, because not everything that asks to stop is a signal,
// and because one may come just before poll().
bool Output::wait_for_room() const {
    using Clock = std::chrono::steady_clock;
    constexpr int slice_ms = 50;
    std::optional<Clock::time_point> asked;
    for (;;) {
        pollfd ready{fd_, POLLOUT, 0};
        const int count = ::poll(&ready, 1, slice_ms);
        if (count > 0 || (count < 0 && errno != EINTR)) {
            return true;  // room, or an error that write() will name
        }
        if (!asked && stop_asked_()) {
            asked = Clock::now();
        }
        if (asked && Clock::now() - *asked >= grace) {
            return false;
        }
    }
}

Status Output::close_with(std::string message) {
    closed_ = true;
    buffer_.clear();
    return fail(std::move(message));
}

Status Output::flush() {
    const bool read_by_somebody = has_reader(fd_);
    std::string_view rest = buffer_;
    while (!rest.empty() && !closed_) {
        if (read_by_somebody && !wait_for_room()) {
            return close_with(
                fmt::format("nobody reads {}: the last {} bytes are lost", name_, rest.size()));
        }
        // Where poll() saw room, this much fits; a larger write would wait for the rest of it.
        const std::size_t size =
            read_by_somebody ? std::min<std::size_t>(rest.size(), PIPE_BUF) : rest.size();
        const ssize_t written = ::write(fd_, rest.data(), size);
        if (written >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EPIPE) {
            closed_ = true;
        } else if (errno != EINTR && errno != EAGAIN) {
            return close_with(fmt::format("cannot write to {}: {}", name_, std::strerror(errno)));
        }
    }
    buffer_.clear();
    return {};
}

Status Output::flush_if_large() {
    return buffer_.size() >= high_water ? flush() : Status{};
}

}  // namespace rqs::util
