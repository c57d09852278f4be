// SPDX-License-Identifier: BSD-2-Clause
// The workloads. Each sets itself up, says "ready" on stdout, waits for a line on stdin, runs for
// its time, prints {"ops":…,"elapsed_ns":…} and stays until stdin is closed, so that neither the
// birth nor the end of its tasks falls into the time that is measured.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "util/error.h"

namespace rqs::bench {

using Clock = std::chrono::steady_clock;

struct LoadOptions {
    Clock::duration duration{std::chrono::seconds{1}};
    int cpu = -1;                   ///< pinned to it; -1 leaves the choice to the scheduler
    std::uint32_t tasks = 0;        ///< hackbench: groups; threads and ring: threads
    std::string kind{"messaging"};  ///< overload
    std::uint64_t waits_per_s = 0;  ///< paced
};

/// Operations done in the time it took. An operation is a round trip, a message or a hop.
struct LoadResult {
    std::uint64_t ops = 0;
    Clock::duration elapsed{};
};

/// Two processes on one CPU hand a byte to and fro: two switches and two waits an operation.
Status pingpong(const LoadOptions& options);

/// pingpong() held at `waits_per_s`; a delay is made up for, so that the mean rate holds.
Status paced(const LoadOptions& options);

/// Groups of ten senders and ten receivers, each sender writing to each receiver of its group.
Status hackbench(const LoadOptions& options);

/// `tasks` tasks that want more than the machine has, of the kind `kind`; see overload.h.
Status overload(const LoadOptions& options);

/// pingpong() beside `tasks` threads that sleep.
Status threads(const LoadOptions& options);

/// `tasks` threads on one CPU wake each other in turn: every switch meets another task.
Status ring(const LoadOptions& options);

/// For the loads themselves: says "ready" and waits for the word to start. Fails where stdin was
/// closed instead.
Status wait_for_start();

/// Prints the result, then stays until stdin is closed.
Status finish(const LoadResult& result);

/// Pins the calling thread; -1 does nothing.
Status pin_to_cpu(int cpu);

}  // namespace rqs::bench
