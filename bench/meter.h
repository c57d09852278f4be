// SPDX-License-Identifier: BSD-2-Clause
// What the kernel tells about a tool: what its BPF programs cost, when they were attached, what
// memory it takes. Programs, links and maps are a tool's when it holds a file descriptor of them,
// so that others who trace the machine at the same time are not counted.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "bench/process.h"

namespace rqs::bench {

/// As long as it lives the kernel counts runs and time of all BPF programs.
class RunTimeStats {
  public:
    static Result<RunTimeStats> enable();

  private:
    explicit RunTimeStats(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

/// Sums over all programs of a process, and the machine's context switches at that time.
struct ProgramTotals {
    std::uint64_t run_ns = 0;
    std::uint64_t runs = 0;
    std::uint64_t switches = 0;
};

Result<ProgramTotals> program_totals(pid_t pid);

/// Context switches of the machine since boot.
std::uint64_t machine_switches();

struct Memory {
    std::uint64_t peak_rss = 0;  ///< bytes, VmHWM
    std::uint64_t kernel = 0;    ///< bytes of its maps and programs
    std::uint64_t mapped = 0;    ///< the part of `kernel` that is in `peak_rss` as well
    [[nodiscard]] std::uint64_t total() const { return peak_rss + kernel - mapped; }
};

Memory memory(pid_t pid);

/// Resident bytes of a process, without the BPF maps that it has mapped, which are its rings.
struct Resident {
    std::uint64_t now = 0;
    std::uint64_t peak = 0;   ///< VmHWM less what of the rings is resident now
    std::uint64_t rings = 0;  ///< resident bytes of the rings
};

Resident resident(pid_t pid);

/// User and system time so far, ns (in clock ticks, so coarse).
std::uint64_t cpu_time_ns(pid_t pid);

/// Notices new BPF links from its construction on.
class LinkWatch {
  public:
    LinkWatch();

    /// Looks until `process` holds links and no new one has come for a while. Returns when the
    /// last of its links appeared. Fails when it ends or none comes in ten seconds.
    Result<Clock::time_point> wait_for_links(Process& process);

  private:
    void look();

    std::uint32_t last_ = 0;
    std::vector<std::pair<std::uint32_t, Clock::time_point>> seen_;
};

}  // namespace rqs::bench
