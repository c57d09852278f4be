// SPDX-License-Identifier: BSD-2-Clause
#include "util/priority.h"

#include <fmt/format.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <utility>

#include "util/clock.h"
#include "util/safe_text.h"

namespace rqs::util {
namespace {

/// A word with a number behind it.
struct Kind {
    std::string_view word;
    Priority::Kind kind;
    int least;
    int most;
};
constexpr std::array<Kind, 3> with_value{{{"nice", Priority::Kind::nice, -20, 19},
                                          {"fifo", Priority::Kind::fifo, 1, 99},
                                          {"rr", Priority::Kind::rr, 1, 99}}};

std::optional<int> number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(value) : std::nullopt;
}

std::optional<Priority> find_priority(std::string_view text) {
    if (text == "auto") {
        return Priority{Priority::Kind::automatic, 0};
    }
    if (text == "normal") {
        return Priority{Priority::Kind::normal, 0};
    }
    const std::size_t colon = text.find(':');
    for (const Kind& row : with_value) {
        if (colon != std::string_view::npos && text.substr(0, colon) == row.word) {
            const auto value = number(text.substr(colon + 1));
            return value && *value >= row.least && *value <= row.most
                       ? std::optional(Priority{row.kind, *value})
                       : std::nullopt;
        }
    }
    return std::nullopt;
}

/// As the user wrote it.
std::string name(Priority priority) {
    for (const Kind& row : with_value) {
        if (row.kind == priority.kind) {
            return fmt::format("{}:{}", row.word, priority.value);
        }
    }
    return priority.kind == Priority::Kind::automatic ? "auto" : "normal";
}

class Kernel final : public ThreadScheduler {
  public:
    Scheduling get() override { return get_scheduling(0); }
    int set(const Scheduling& wanted) override { return set_scheduling(0, wanted); }
    std::uint64_t monotonic_ns() override { return util::monotonic_ns(); }
    std::uint64_t cpu_ns() override { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }
};

/// How the program was scheduled when it first raised a thread.
Scheduling started_as;
std::atomic<bool> was_raised = false;

void remember_start(const Scheduling& scheduling) {
    if (!was_raised) {
        started_as = scheduling;
        was_raised = true;
    }
}

Scheduling scheduling_of(Priority priority) {
    switch (priority.kind) {
        case Priority::Kind::fifo:
            return {SCHED_FIFO, priority.value, 0, true};
        case Priority::Kind::rr:
            return {SCHED_RR, priority.value, 0, true};
        default:
            return {SCHED_OTHER, 0, priority.value, true};
    }
}

}  // namespace

Result<Priority> parse_priority(std::string_view text, std::string_view what) {
    if (const auto found = find_priority(text)) {
        return *found;
    }
    return usage_error(fmt::format(
        "{}: '{}' is no priority; give auto, normal, nice:-20..19, fifo:1..99 or rr:1..99", what,
        printable(text)));
}

ThreadScheduler& thread_scheduler() {
    static Kernel kernel;
    return kernel;
}

PriorityGuard::PriorityGuard(ThreadScheduler& scheduler, const Scheduling& before,
                             PriorityBound bound)
    : scheduler_(&scheduler), before_(before), granted_(before), bound_(bound) {
    begin_window(scheduler.monotonic_ns(), scheduler.cpu_ns());
}

PriorityGuard::PriorityGuard(PriorityGuard&& other) noexcept
    : scheduler_(std::exchange(other.scheduler_, nullptr)),
      before_(other.before_),
      granted_(other.granted_),
      bound_(other.bound_),
      full_(other.full_),
      lowered_(other.lowered_),
      window_began_ns_(other.window_began_ns_),
      window_began_cpu_ns_(other.window_began_cpu_ns_),
      raiser_(std::move(other.raiser_)) {}

PriorityGuard::~PriorityGuard() {
    if (scheduler_ == nullptr || granted_ == before_) {
        return;
    }
    raiser_.reset();
    if (scheduler_->set(before_) != 0) {
        // To clear that flag needs privileges, which may have been dropped meanwhile.
        Scheduling kept = before_;
        kept.reset_on_fork = true;
        (void)scheduler_->set(kept);
    }
}

int PriorityGuard::take(const Scheduling& wanted) {
    const int error = scheduler_->set(wanted);
    if (error == 0) {
        granted_ = wanted;
    }
    return error;
}

void PriorityGuard::take_best() {
    const bool urgent = is_real_time(before_) || before_.policy == SCHED_DEADLINE;
    if (urgent || take({SCHED_FIFO, 1, 0, true}) == 0) {
        return;
    }
    full_ = false;
    (void)take({SCHED_OTHER, 0, urgent_nice, true});
}

Result<PriorityGuard> PriorityGuard::raise(Priority wanted, std::string_view what,
                                           PriorityBound bound, ThreadScheduler& scheduler) {
    PriorityGuard guard(scheduler, scheduler.get(), bound);
    if (&scheduler == &thread_scheduler()) {
        remember_start(guard.before_);
    }
    if (wanted.kind == Priority::Kind::automatic) {
        guard.take_best();
    } else if (wanted.kind != Priority::Kind::normal) {
        const int error = guard.take(scheduling_of(wanted));
        if (error == EPERM || error == EACCES) {
            return fail(fmt::format("{} {}: not permitted; run as root or with cap_sys_nice", what,
                                    name(wanted)));
        }
        if (error != 0) {
            return fail(fmt::format("{} {}: {}; give another priority", what, name(wanted),
                                    std::strerror(error)));
        }
    }
    if (&scheduler == &thread_scheduler() && guard.is_bounded()) {
        guard.raiser_ = Raiser::make(guard.granted_);
    }
    return guard;
}

Result<PriorityGuard> PriorityGuard::hurry(Priority wanted) {
    const bool real_time = wanted.kind == Priority::Kind::fifo || wanted.kind == Priority::Kind::rr;
    const Scheduling now = thread_scheduler().get();
    const bool may_hurry = real_time || wanted.kind == Priority::Kind::automatic;
    if (!may_hurry || now.policy != SCHED_OTHER) {
        return raise({Priority::Kind::normal, 0}, "");
    }
    auto guard = raise({Priority::Kind::nice, urgent_nice}, "");
    return guard ? std::move(guard) : raise({Priority::Kind::normal, 0}, "");
}

// What is not of our making is not, nor what the kernel shares out fairly.
bool PriorityGuard::is_bounded() const {
    return granted_ != before_ && is_real_time(granted_);
}

void PriorityGuard::begin_window(std::uint64_t now_ns, std::uint64_t cpu_ns) {
    window_began_ns_ = now_ns;
    window_began_cpu_ns_ = cpu_ns;
}

// Where the kernel refuses, it is asked again at the next call or window.
void PriorityGuard::lower(bool lowered) {
    if (lowered == lowered_) {
        return;
    }
    int error = 0;
    if (!lowered) {
        if (raiser_) {
            raiser_->stop();
        }
        error = scheduler_->set(granted_);
    } else if (scheduler_->set({SCHED_OTHER, 0, urgent_nice, true}) != 0) {
        // RLIMIT_RTPRIO may allow real time where RLIMIT_NICE does not allow this.
        error = scheduler_->set({SCHED_OTHER, 0, before_.nice, true});
    }
    if (error != 0) {
        return;
    }
    lowered_ = lowered;
    if (lowered && raiser_) {
        raiser_->raise_at(window_began_ns_ + bound_.window_ns);
    }
}

// What the thread has had since it was raised counts in the window that began then.
void PriorityGuard::note_if_raised() {
    const auto raised = raiser_ && lowered_ ? raiser_->raised() : std::nullopt;
    if (raised) {
        lowered_ = false;
        begin_window(raised->at_ns, raised->cpu_ns);
    }
}

void PriorityGuard::account() {
    if (!is_bounded()) {
        return;
    }
    note_if_raised();
    const std::uint64_t now_ns = scheduler_->monotonic_ns();
    const std::uint64_t cpu_ns = scheduler_->cpu_ns();
    const std::uint64_t passed_ns = now_ns - window_began_ns_;
    const auto used_ns = static_cast<double>(cpu_ns - window_began_cpu_ns_);
    if (passed_ns < bound_.window_ns) {
        lower(lowered_ || used_ns > bound_.max_share * static_cast<double>(bound_.window_ns));
        return;
    }
    // A thread that has not come here in time may have had too much all the same: it pays in the
    // window that begins.
    const bool too_much = !lowered_ && used_ns > bound_.max_share * static_cast<double>(passed_ns);
    begin_window(now_ns, cpu_ns);
    lower(too_much);
}

void PriorityGuard::restore_in_child() {
    if (was_raised) {
        (void)set_scheduling(0, started_as);
    }
}

}  // namespace rqs::util
