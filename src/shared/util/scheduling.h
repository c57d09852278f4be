// SPDX-License-Identifier: BSD-2-Clause
// How the kernel schedules a thread: policy, priority and nice, read and set in one step.
#pragma once

#include <sys/types.h>

#include <string>

namespace rqs::util {

/// As in sched_setattr(2).
struct Scheduling {
    int policy = 0;  ///< SCHED_OTHER and so on
    int rt_priority = 0;
    int nice = 0;
    bool reset_on_fork = false;  ///< children start without real time and without a nice below 0

    friend bool operator==(const Scheduling&, const Scheduling&) = default;
};

/// As much as an ordinary thread can have.
constexpr int urgent_nice = -20;

/// In words: `real-time (fifo:1)`, `nice -20`, `normal`.
std::string describe(const Scheduling& scheduling);

bool is_real_time(const Scheduling& scheduling);

/// Of a thread; 0 is the calling one. The default where the kernel does not say.
Scheduling get_scheduling(pid_t tid);

/// 0 or errno. One system call for policy, priority and nice: none of them holds alone meanwhile.
/// Async-signal-safe.
int set_scheduling(pid_t tid, const Scheduling& wanted);

}  // namespace rqs::util
