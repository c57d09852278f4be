// SPDX-License-Identifier: BSD-2-Clause
// What a recording knows of itself: of which machine it is, since when, and what was asked for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "model/options.h"

namespace rqs {

/// Where a CPU lies. Numbers are the kernel's; -1 where it does not say.
struct CpuPlace {
    std::uint32_t cpu = 0;
    std::int32_t core = -1;
    std::int32_t package = -1;
    std::int32_t node = -1;

    bool operator==(const CpuPlace&) const = default;
};

/// All texts are raw: whoever named the host or started the command chose them.
struct RecordingInfo {
    std::string tool;     ///< `runqslower 0.2.0`
    std::string host;     ///< uname's nodename
    std::string kernel;   ///< and release
    std::string machine;  ///< and machine: `x86_64`
    std::vector<std::string> command_line;
    std::uint64_t began_ns = 0;           ///< CLOCK_MONOTONIC
    std::int64_t realtime_offset_ns = 0;  ///< CLOCK_REALTIME was so much ahead of it then
    std::int64_t boottime_offset_ns = 0;  ///< and CLOCK_BOOTTIME
    std::uint32_t cpus = 1;               ///< highest CPU number plus one
    std::vector<CpuPlace> topology;       ///< CPUs that were online
    std::uint64_t min_us = 0;             ///< waits longer than this were kept
    Filters filters;                      ///< and of these tasks
    bool waker = false;
    bool of_command = false;  ///< of a command and its descendants alone (-- command)
    /// Whose waits are not shown, since what was printed meanwhile caused them.
    std::vector<std::uint32_t> left_out_pids;

    // Of a file that does not begin where the run does: a later one of a rotation, a flight dump.
    std::uint64_t waits_before = 0;  ///< of the run, in files that came before this one
    std::uint64_t from_ns = 0;       ///< CLOCK_MONOTONIC: it has what came after; 0: began_ns

    /// `perf.data` where another tool recorded it; empty: this one did.
    std::string imported_from;

    bool operator==(const RecordingInfo&) const = default;

    /// CLOCK_MONOTONIC: since when the file knows what happened.
    [[nodiscard]] std::uint64_t covered_from_ns() const { return std::max(began_ns, from_ns); }
    /// Every wait of every task was kept: what a CPU did is known without holes.
    [[nodiscard]] bool everything() const {
        return min_us == 0 && !of_command && filters == Filters() && imported_from.empty();
    }
};

}  // namespace rqs
