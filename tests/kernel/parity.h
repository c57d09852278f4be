// SPDX-License-Identifier: BSD-2-Clause
// Threads that take the kernel's account of themselves, and the comparison with what was traced.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "situation.h"
#include "tracer.h"
#include "witness.h"

namespace rqs::ktest {

/// What one thread says of itself. Both readings are its own, taken while it was running.
struct ThreadLog {
    pid_t pid = 0;
    pid_t tid = 0;
    bool from_birth = false;  ///< `begin` is its birth: nothing waited yet
    Reading begin;
    Reading end;
    std::atomic<std::uint32_t> done{0};
};

/// In memory shared with the workload.
struct Board {
    static constexpr std::size_t room = 1024;
    Gate gate;
    std::atomic<std::uint32_t> stop{0};
    std::atomic<std::uint32_t> turn{0};
    std::atomic<std::uint32_t> used{0};
    std::array<ThreadLog, room> logs;
    std::array<std::atomic<int>, 4> values{};

    /// A log for the calling thread.
    ThreadLog& join();
    /// A log that begins with the birth of the calling thread, which was at or after `ts_ns`.
    ThreadLog& join_at_birth(std::uint64_t ts_ns);
    /// Lets a thread do something between its two readings.
    template <typename Body>
    void account(const Body& body) {
        ThreadLog& log = join();
        log.begin = read_myself();
        body();
        finish(log);
    }
    static void finish(ThreadLog& log);
};

/// The waits that ended between the two readings are as many, and sum to as many nanoseconds, as
/// the kernel says. Where the witness says that the kernel did not announce some of them, that many
/// are missing, and the sum is less; false then.
bool expect_parity(const Output& output, const ThreadLog& log, const Witness& witness);

/// All logs of the board, of which at least `least` must have been finished, and some be
/// equal to the nanosecond.
void expect_parity(const Output& output, const Board& board, const Witness& witness,
                   std::uint32_t least);

}  // namespace rqs::ktest
