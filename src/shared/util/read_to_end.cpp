// SPDX-License-Identifier: BSD-2-Clause
#include "util/read_to_end.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "util/stop_signals.h"

namespace rqs::util {

std::optional<std::string> read_to_end(int fd, std::size_t limit) {
    std::string out;
    std::array<char, 16384> chunk{};
    for (;;) {
        const ssize_t size = ::read(fd, chunk.data(), chunk.size());
        if (size < 0 && errno == EINTR && stop_signal() == 0) {
            continue;
        }
        if (size < 0) {
            return std::nullopt;
        }
        if (size == 0) {
            return out;
        }
        out.append(chunk.data(), static_cast<std::size_t>(size));
        if (out.size() > limit) {
            errno = EFBIG;
            return std::nullopt;
        }
    }
}

}  // namespace rqs::util
