// SPDX-License-Identifier: BSD-2-Clause
// Many processes that are set up asleep, begin at one word, and cannot outlive who started them.
// The benchmark's loads and the kernel tests overload the machine with it.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "util/error.h"

namespace rqs::loads {

/// Counts what one process did, alone in its cache line.
struct alignas(64) Counter {
    std::atomic<std::uint64_t> ops{0};

    void set(std::uint64_t value) { ops.store(value, std::memory_order_relaxed); }
};

/// The calling thread comes before every ordinary task while this lives, and what it forks does
/// not: who made an overload could not end it in time otherwise. Does nothing where that is not
/// allowed.
class Precedence {
  public:
    Precedence();
    Precedence(const Precedence&) = delete;
    Precedence& operator=(const Precedence&) = delete;
    ~Precedence();

  private:
    int policy_;
    sched_param parameters_{};
};

/// Processes that are killed and reaped with this object. If the thread that started them dies
/// first, the kernel kills them; if that fails too, their alarm ends them after `limit`. The thread
/// that makes the crowd takes precedence until the crowd has ended: it should mostly sleep.
class Crowd {
  public:
    using Body = std::function<void(Counter&)>;

    /// Room for `most` processes. Check valid() before anything else.
    Crowd(std::size_t most, std::chrono::seconds limit);
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;
    ~Crowd();

    [[nodiscard]] bool valid() const { return board_ != nullptr; }
    [[nodiscard]] std::size_t size() const { return pids_.size(); }

    /// Forks a process that sleeps until go() and then runs `body`. It inherits every descriptor
    /// that is open now; what `body` captures is copied with the process.
    Status start(const Body& body);

    /// Lets all of them run. Returns an error if they were not all asleep within half a minute.
    Status wait_until_ready();
    void go();

    /// Sum of all counters.
    [[nodiscard]] std::uint64_t ops() const;

  private:
    /// Shared by all processes; the counters follow it.
    struct Board {
        std::atomic<int> go{0};
        std::atomic<std::uint32_t> ready{0};
    };

    [[noreturn]] void run_child(pid_t parent, const Body& body, Counter& counter);

    Precedence precedence_;
    std::size_t most_;
    std::size_t bytes_;
    std::chrono::seconds limit_;
    Board* board_ = nullptr;
    Counter* counters_ = nullptr;
    std::vector<pid_t> pids_;
};

/// Raises the limits of processes and of open files to what the system allows. Where it does not,
/// the fork or the pipe that needed more says so.
void raise_limits();

}  // namespace rqs::loads
