// SPDX-License-Identifier: BSD-2-Clause
// A second observer of the scheduler: the kernel's own tracer (ftrace).
//
// On some machines the kernel does not announce every switch: where a hypervisor's agent lives in
// the guest, its threads may leave a CPU without sched_switch being called, for ftrace and BPF
// alike. A wait that ends with such a switch is in nobody's trace, though the kernel counts it. A
// test that compares with the kernel's count has to know; it takes the other observer's word for
// it, never the tool's own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

namespace rqs::ktest {

class Witness {
  public:
    /// Starts to record the switches of tasks that are called like this program. Does nothing in
    /// the emulated machine and where there is no tracefs: then every switch counts as announced.
    Witness();
    ~Witness();
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;

    /// Ends recording.
    void stop();
    /// How often the thread was given a CPU without a word, between two times (CLOCK_MONOTONIC);
    /// such an arrival lies somewhere between two departures, and is counted by both of them.
    struct Count {
        std::uint32_t least = 0;
        std::uint32_t most = 0;
    };
    [[nodiscard]] Count unannounced(pid_t tid, std::uint64_t begin_ns, std::uint64_t end_ns) const;

  private:
    struct Span {
        std::uint64_t after_ns = 0;
        std::uint64_t before_ns = 0;
    };
    std::string folder_;
    std::multimap<pid_t, Span> unannounced_;
};

}  // namespace rqs::ktest
