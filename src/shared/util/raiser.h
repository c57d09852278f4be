// SPDX-License-Identifier: BSD-2-Clause
// A thread that gives another one its priority back.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>

#include "util/scheduling.h"

namespace rqs::util {

/// Raises the thread that made it, at a moment that it says. A thread that gave up its priority for
/// a while cannot be relied on to take it back in time: on a crowded machine it is queued until
/// long after. The helper sleeps until then, at the priority that it gives, and takes microseconds.
class Raiser {
  public:
    /// When the thread was raised, and the CPU time that it had had by then.
    struct Raised {
        std::uint64_t at_ns = 0;  ///< CLOCK_MONOTONIC
        std::uint64_t cpu_ns = 0;
    };

    /// For the calling thread, which is to be raised to `raised`, a real-time policy. Null where
    /// the system does not give it a thread of that policy.
    static std::unique_ptr<Raiser> make(const Scheduling& raised);
    ~Raiser();
    Raiser(const Raiser&) = delete;
    Raiser& operator=(const Raiser&) = delete;

    /// Takes the place of what was said before.
    void raise_at(std::uint64_t monotonic_ns);
    /// Raises nobody any more, until raise_at().
    void stop();
    /// What it did since the last raise_at().
    [[nodiscard]] std::optional<Raised> raised();

  private:
    explicit Raiser(const Scheduling& raised);
    bool start();
    static void* run(void* self);
    void serve();

    const Scheduling to_;
    const pid_t tid_;
    clockid_t cpu_clock_{};
    pthread_t thread_{};
    bool started_ = false;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<std::uint64_t> due_ns_;
    std::optional<Raised> raised_;
    bool over_ = false;
};

}  // namespace rqs::util
