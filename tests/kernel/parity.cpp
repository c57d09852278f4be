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

namespace {

/// What was seen of one thread between two readings.
struct Seen {
    std::uint64_t waits = 0;  ///< that the kernel stamped
    std::uint64_t unstamped = 0;
    std::uint64_t sum_ns = 0;  ///< of the stamped ones

    void add(const Wait& wait) {
        wait.stamped ? ++waits : ++unstamped;
        sum_ns += wait.stamped ? wait.wait_ns : 0;
    }
    /// Kernels before 5.14 count a wait that they did not stamp, as one of no time.
    [[nodiscard]] bool equals(const Account& kernels) const {
        return sum_ns == kernels.run_delay_ns &&
               (waits == kernels.waits || waits + unstamped == kernels.waits);
    }
};

/// How far the time of an event may be from the time at which its task ran on. The runqueue's clock
/// stands still while a hypervisor or an emulator does not run the CPU.
std::uint64_t slack_ns() {
    return in_vm() ? 200_ms : 20_ms;
}

Account between(const Reading& begin, const Reading& end) {
    return {end.account.run_delay_ns - begin.account.run_delay_ns,
            end.account.waits - begin.account.waits};
}

Seen seen_between(const std::vector<Wait>& waits, const ThreadLog& log) {
    Seen seen;
    for (const auto& wait : waits) {
        if (wait.ts_ns > log.begin.ts_ns && wait.ts_ns <= log.end.ts_ns) {
            seen.add(wait);
            EXPECT_LE(wait.wait_ns, log.end.ts_ns - log.begin.ts_ns + 1'000'000'000);
        }
    }
    return seen;
}

/// Whether the waits in their order have a stretch that is equal to the kernel's account and begins
/// and ends at the readings. Which waits lie there, time alone does not tell; so many of them with
/// that very sum do.
bool has_equal_stretch(const std::vector<Wait>& waits, const ThreadLog& log) {
    const Account kernels = between(log.begin, log.end);
    const std::uint64_t slack = slack_ns();
    for (std::size_t first = 0; first <= waits.size(); ++first) {
        if (first > 0 && waits[first - 1].ts_ns > log.begin.ts_ns + slack) {
            break;  // that one should have been in it
        }
        Seen seen;
        for (std::size_t end = first;; ++end) {
            const bool all = end == waits.size() || waits[end].ts_ns + slack > log.end.ts_ns;
            if (all && seen.equals(kernels)) {
                return true;
            }
            if (end == waits.size() || seen.waits > kernels.waits ||
                waits[end].ts_ns + slack <= log.begin.ts_ns ||
                waits[end].ts_ns > log.end.ts_ns + slack) {
                break;
            }
            seen.add(waits[end]);
        }
    }
    return false;
}

}  // namespace

bool expect_parity(const Output& output, const ThreadLog& log, const Witness& witness) {
    const std::vector<Wait> waits = output.of_tid(log.tid);
    const Account kernels = between(log.begin, log.end);
    const Seen seen = seen_between(waits, log);
    const auto hidden = witness.unannounced(log.tid, log.begin.ts_ns, log.end.ts_ns);
    if (seen.equals(kernels) || has_equal_stretch(waits, log)) {
        return true;
    }
    if (hidden.most > 0) {
        EXPECT_LE(seen.waits + hidden.least, kernels.waits) << story(output, log);
        EXPECT_GE(seen.waits + hidden.most, kernels.waits) << story(output, log);
        EXPECT_LE(seen.sum_ns, kernels.run_delay_ns) << story(output, log);
        return false;
    }
    EXPECT_EQ(seen.waits, kernels.waits) << story(output, log);
    EXPECT_EQ(seen.sum_ns, kernels.run_delay_ns)
        << (seen.waits == kernels.waits ? story(output, log) : "");
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
    if (hidden > 0 && hidden == threads) {  // which takes a machine on which others work too
        GTEST_SKIP() << "of no thread the kernel announced every switch";
    }
    EXPECT_GT(waits, 0U);
    std::printf("    %llu waits of %u threads are equal to the kernel's",
                static_cast<unsigned long long>(waits), threads - hidden);
    if (hidden > 0) {
        std::printf("; of %u threads the kernel did not announce every switch", hidden);
    }
    std::printf("\n");
}

}  // namespace rqs::ktest
