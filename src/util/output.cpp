// SPDX-License-Identifier: BSD-2-Clause
#include "util/output.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace rqs::util {

Output::Output(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

Status Output::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty() && !closed_) {
        const ssize_t written = ::write(fd_, rest.data(), rest.size());
        if (written >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EPIPE) {
            closed_ = true;
        } else if (errno == EAGAIN) {
            // Somebody made the shared description non-blocking: wait for room, do not spin.
            pollfd ready{fd_, POLLOUT, 0};
            (void)::poll(&ready, 1, 1000);
        } else if (errno != EINTR) {
            const int error = errno;
            closed_ = true;
            buffer_.clear();
            return fail(fmt::format("cannot write to {}: {}", name_, std::strerror(error)));
        }
    }
    buffer_.clear();
    return {};
}

Status Output::flush_if_large() {
    return buffer_.size() >= high_water ? flush() : Status{};
}

}  // namespace rqs::util
