// SPDX-License-Identifier: BSD-2-Clause
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "bench/loads/loads.h"

namespace rqs::bench {
namespace {

constexpr std::uint64_t clock_every = 64;  // operations between two looks at the clock

/// A child that answers each byte with a byte, and dies with its parent.
class Echo {
  public:
    Echo() = default;
    Echo(const Echo&) = delete;
    Echo& operator=(const Echo&) = delete;
    ~Echo() {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
    }

    Status start() {
        if (::pipe(to_.data()) != 0 || ::pipe(from_.data()) != 0) {
            return fail(std::string("cannot make a pipe: ") + std::strerror(errno));
        }
        child_ = ::fork();
        if (child_ < 0) {
            return fail(std::string("cannot start a process: ") + std::strerror(errno));
        }
        if (child_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            answer();
        }
        return {};
    }

    /// One round trip.
    bool exchange() {
        char byte = 0;
        return ::write(to_[1], &byte, 1) == 1 && ::read(from_[0], &byte, 1) == 1;
    }

  private:
    [[noreturn]] void answer() {
        char byte = 0;
        while (::read(to_[0], &byte, 1) == 1 && ::write(from_[1], &byte, 1) == 1) {
        }
        ::_exit(0);
    }

    std::array<int, 2> to_{-1, -1};
    std::array<int, 2> from_{-1, -1};
    pid_t child_ = -1;
};

/// Round trips until the time is over; none begins before its slot where `slot` is not zero.
Status exchange_until_end(const LoadOptions& options, std::chrono::nanoseconds slot) {
    if (const Status pinned = pin_to_cpu(options.cpu); !pinned) {
        return pinned;
    }
    Echo echo;
    if (const Status started = echo.start(); !started) {
        return started;
    }
    if (const Status go = wait_for_start(); !go) {
        return go;
    }
    const auto begin = Clock::now();
    const auto end = begin + options.duration;
    LoadResult result;
    auto now = begin;
    while (now < end) {
        if (!echo.exchange()) {
            return fail("the other process of the ping-pong has gone");
        }
        ++result.ops;
        if (slot.count() > 0) {
            const auto next = begin + slot * static_cast<std::int64_t>(result.ops);
            do {
                now = Clock::now();
            } while (now < next);
        } else if (result.ops % clock_every == 0) {
            now = Clock::now();
        }
    }
    result.elapsed = now - begin;
    return finish(result);
}

}  // namespace

Status pingpong(const LoadOptions& options) {
    return exchange_until_end(options, {});
}

Status paced(const LoadOptions& options) {
    if (options.waits_per_s < 2) {
        return usage_error("paced needs --rate, the waits a second");
    }
    return exchange_until_end(options,
                              std::chrono::nanoseconds{2'000'000'000ULL / options.waits_per_s});
}

}  // namespace rqs::bench
