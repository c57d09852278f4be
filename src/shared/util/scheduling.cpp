// SPDX-License-Identifier: BSD-2-Clause
#include "util/scheduling.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace rqs::util {
namespace {

/// What sched_setattr(2) takes, of its first version (3.14): no header has it that can be included
/// beside <sched.h> everywhere.
struct SchedAttr {
    std::uint32_t size;
    std::uint32_t policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t rt_priority;
    std::uint64_t deadline[3];  // NOLINT(modernize-avoid-c-arrays): runtime, deadline, period
};
static_assert(sizeof(SchedAttr) == 48);
constexpr std::uint64_t reset_on_fork_flag = 1;

}  // namespace

std::string describe(const Scheduling& scheduling) {
    switch (scheduling.policy) {
        case SCHED_FIFO:
            return fmt::format("real-time (fifo:{})", scheduling.rt_priority);
        case SCHED_RR:
            return fmt::format("real-time (rr:{})", scheduling.rt_priority);
        case SCHED_BATCH:
            return fmt::format("batch, nice {}", scheduling.nice);
        case SCHED_IDLE:
            return "idle";
        case SCHED_DEADLINE:
            return "deadline";
        default:
            return scheduling.nice == 0 ? "normal" : fmt::format("nice {}", scheduling.nice);
    }
}

bool is_real_time(const Scheduling& scheduling) {
    return scheduling.policy == SCHED_FIFO || scheduling.policy == SCHED_RR;
}

Scheduling get_scheduling(pid_t tid) {
    SchedAttr attr{};
    if (::syscall(SYS_sched_getattr, tid, &attr, sizeof attr, 0) != 0) {
        return {};
    }
    return {static_cast<int>(attr.policy), static_cast<int>(attr.rt_priority), attr.nice,
            (attr.flags & reset_on_fork_flag) != 0};
}

int set_scheduling(pid_t tid, const Scheduling& wanted) {
    SchedAttr attr{};
    attr.size = sizeof attr;
    attr.policy = static_cast<std::uint32_t>(wanted.policy);
    attr.flags = wanted.reset_on_fork ? reset_on_fork_flag : 0;
    attr.nice = wanted.nice;
    attr.rt_priority = static_cast<std::uint32_t>(wanted.rt_priority);
    return ::syscall(SYS_sched_setattr, tid, &attr, 0) == 0 ? 0 : errno;
}

}  // namespace rqs::util
