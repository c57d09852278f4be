// SPDX-License-Identifier: BSD-2-Clause
// How urgently a thread runs: asking for more, saying what was granted, and not taking too much.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "util/error.h"
#include "util/raiser.h"
#include "util/scheduling.h"

namespace rqs::util {

/// What a user asks for.
struct Priority {
    enum class Kind { automatic, normal, nice, fifo, rr };
    Kind kind = Kind::automatic;
    int value = 0;  ///< nice: -20..19; fifo and rr: 1..99; else 0
};

/// `auto`, `normal` (as the program was started), `nice:-20..19`, `fifo:1..99` or `rr:1..99`.
/// `what` is the option that says so, for the error line.
Result<Priority> parse_priority(std::string_view text, std::string_view what);

/// What is asked of the kernel about the calling thread; a test has its own.
class ThreadScheduler {
  public:
    virtual ~ThreadScheduler() = default;
    virtual Scheduling get() = 0;
    /// 0 or errno.
    virtual int set(const Scheduling& wanted) = 0;
    virtual std::uint64_t monotonic_ns() = 0;
    /// CPU time of the thread.
    virtual std::uint64_t cpu_ns() = 0;
};

/// The kernel.
ThreadScheduler& thread_scheduler();

/// How much of a CPU a thread may have at real-time priority.
struct PriorityBound {
    double max_share = 0.5;
    std::uint64_t window_ns = 100'000'000;
};

/// Gives the thread that makes it a priority, until it goes. Everything here is to be called by
/// that thread. Real time is bounded: whoever has used up its share of a window goes on as an
/// ordinary thread (nice -20) until the next one, so that a fault here cannot starve the machine.
class PriorityGuard {
  public:
    /// `automatic` is real time (fifo:1, enough to run before all that is not real time), else nice
    /// -20, else what the thread has; one that is real time already is left alone. Other kinds are
    /// had or refused with an Error, in which `what` is the option that asked.
    static Result<PriorityGuard> raise(Priority wanted, std::string_view what,
                                       PriorityBound bound = {},
                                       ThreadScheduler& scheduler = thread_scheduler());

    /// Nice -20 for a while in which a thread has much to do and little time, where `wanted` is
    /// what it will have afterwards: `auto` and real time. Else, and where that is not permitted,
    /// nothing changes.
    static Result<PriorityGuard> hurry(Priority wanted);

    PriorityGuard(PriorityGuard&& other) noexcept;
    PriorityGuard& operator=(PriorityGuard&&) = delete;
    PriorityGuard(const PriorityGuard&) = delete;
    PriorityGuard& operator=(const PriorityGuard&) = delete;
    /// The thread is scheduled as it was before.
    ~PriorityGuard();

    /// What the thread got, as describe() says it.
    [[nodiscard]] std::string granted() const { return describe(granted_); }
    /// Whether that is what was asked for; of `automatic`: real time.
    [[nodiscard]] bool full() const { return full_; }
    /// Whether that is real time.
    [[nodiscard]] bool gives_real_time() const { return is_real_time(granted_); }
    /// Whether the share of this window is used up.
    [[nodiscard]] bool lowered() const { return lowered_; }

    /// Keeps the bound; to be called about every tenth of a window.
    void account();

    /// Schedules a forked child, before exec, as this program was when it first raised a thread: a
    /// raised parent's children start with nice 0, whatever it was before. Without effect where
    /// nothing was raised. Async-signal-safe.
    static void restore_in_child();

  private:
    PriorityGuard(ThreadScheduler& scheduler, const Scheduling& before, PriorityBound bound);
    int take(const Scheduling& wanted);
    void take_best();
    void begin_window(std::uint64_t now_ns, std::uint64_t cpu_ns);
    void lower(bool lowered);
    void note_if_raised();
    [[nodiscard]] bool is_bounded() const;

    ThreadScheduler* scheduler_;  ///< null once moved from
    Scheduling before_;
    Scheduling granted_;
    PriorityBound bound_;
    bool full_ = true;
    bool lowered_ = false;
    std::uint64_t window_began_ns_ = 0;
    std::uint64_t window_began_cpu_ns_ = 0;
    std::unique_ptr<Raiser> raiser_;  ///< for real time that the kernel gave
};

}  // namespace rqs::util
