// SPDX-License-Identifier: BSD-2-Clause
#include "parity.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace rqs::ktest {

ThreadLog& Board::join() {
    ThreadLog& log = logs.at(used.fetch_add(1));
    log.pid = ::getpid();
    log.tid = ::gettid();
    return log;
}

ThreadLog& Board::join_at_birth(std::uint64_t ts_ns) {
    ThreadLog& log = join();
    log.from_birth = true;
    log.begin.ts_ns = ts_ns;
    return log;
}

void Board::finish(ThreadLog& log) {
    log.end = read_myself();
    log.done.store(1);
}

namespace {

/// What was seen of a thread, for the reader of a failure: all of it, or the first part.
std::string story(const Output& output, const ThreadLog& log) {
    constexpr std::size_t enough = 20000;
    std::string text = "thread " + std::to_string(log.tid) + ", read at " +
                       std::to_string(log.begin.ts_ns) + " and " + std::to_string(log.end.ts_ns) +
                       ", waits:\n";
    for (const auto& wait : output.of_tid(log.tid)) {
        if (text.size() > enough) {
            return text + "  and so on\n";
        }
        text += "  at " + std::to_string(wait.ts_ns) + " on " + std::to_string(wait.cpu) + ": " +
                std::to_string(wait.wait_ns) + (wait.complete ? "" : " incomplete") +
                (wait.stamped ? "" : " unstamped") + ", elsewhere " +
                std::to_string(wait.part_ns("elsewhere")) + "\n";
    }
    return text;
}

}  // namespace

bool expect_parity(const Output& output, const ThreadLog& log, const Witness& witness) {
    std::uint64_t waits = 0;
    std::uint64_t unstamped = 0;
    std::uint64_t sum_ns = 0;
    for (const auto& wait : output.waits) {
        if (wait.tid == static_cast<std::uint32_t>(log.tid) && wait.ts_ns > log.begin.ts_ns &&
            wait.ts_ns <= log.end.ts_ns) {
            if (!wait.stamped) {
                ++unstamped;
                continue;
            }
            ++waits;
            sum_ns += wait.wait_ns;
            EXPECT_LE(wait.wait_ns, log.end.ts_ns - log.begin.ts_ns + 1'000'000'000);
        }
    }
    // Kernels before 5.14 count a wait that they did not stamp, as one of no time.
    std::uint64_t kernels = log.end.account.waits - log.begin.account.waits;
    if (kernels == waits + unstamped) {
        kernels = waits;
    }
    const std::uint64_t kernels_ns = log.end.account.run_delay_ns - log.begin.account.run_delay_ns;
    const auto hidden = witness.unannounced(log.tid, log.begin.ts_ns, log.end.ts_ns);
    if (hidden.most > 0) {
        EXPECT_LE(waits + hidden.least, kernels) << story(output, log);
        EXPECT_GE(waits + hidden.most, kernels) << story(output, log);
        EXPECT_LE(sum_ns, kernels_ns) << story(output, log);
        return waits == kernels && sum_ns == kernels_ns;
    }
    EXPECT_EQ(waits, kernels) << story(output, log);
    EXPECT_EQ(sum_ns, kernels_ns) << (waits == kernels ? story(output, log) : "");
    return true;
}

void expect_parity(const Output& output, const Board& board, const Witness& witness,
                   std::uint32_t least) {
    ASSERT_EQ(output.lost, 0U) << "nothing can be compared";
    std::uint64_t waits = 0;
    std::uint32_t threads = 0;
    std::uint32_t hidden = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(board.used.load(), Board::room); ++i) {
        const ThreadLog& log = board.logs.at(i);
        if (log.done.load() == 0) {
            continue;
        }
        ++threads;
        if (expect_parity(output, log, witness)) {
            waits += log.end.account.waits - log.begin.account.waits;
        } else {
            ++hidden;
        }
    }
    EXPECT_GE(threads, least);
    EXPECT_GT(waits, 0U);
    std::printf("    %llu waits of %u threads are equal to the kernel's",
                static_cast<unsigned long long>(waits), threads - hidden);
    if (hidden > 0) {
        std::printf("; of %u threads the kernel did not announce every switch", hidden);
    }
    std::printf("\n");
}

}  // namespace rqs::ktest
