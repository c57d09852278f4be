// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/thread_times.h"

namespace rqs {

ThreadTimes::Spent ThreadTimes::since_last(const Wait& wait) {
    constexpr std::uint64_t quiet_ns = 1'000'000'000;
    if (wait.run_delay_ns == 0 && wait.runtime_ns == 0) {
        return {};
    }
    entries_.resize(entries);
    Entry& last = entries_[wait.task.tid % entries];
    const bool ours = last.tid == wait.task.tid && last.pid == wait.task.pid;
    const bool fresh = wait.ts_ns < last.ts_ns + quiet_ns;
    if ((ours && wait.ts_ns < last.ts_ns) || (!ours && last.tid != 0 && fresh)) {
        return {};  // out of order, or another's entry
    }
    Spent spent{0, wait.wait_ns};
    // Counts that went back are those of a new thread with an old one's tid.
    if (ours && wait.run_delay_ns >= last.run_delay_ns && wait.runtime_ns >= last.runtime_ns) {
        spent = {wait.runtime_ns - last.runtime_ns, wait.run_delay_ns - last.run_delay_ns};
    }
    last = {wait.task.tid, wait.task.pid, wait.ts_ns, wait.run_delay_ns, wait.runtime_ns};
    return spent;
}

}  // namespace rqs
