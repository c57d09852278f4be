// SPDX-License-Identifier: BSD-2-Clause
// Two threads whose ids share a place in the tool's table: what is lost is said, never made up.
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include "parity.h"
#include "situation.h"
#include "tracer.h"

namespace rqs::ktest {
namespace {

// A multiple of every size that the table may have, or of the least one, where ids are few.
pid_t distance() {
    constexpr pid_t any = 1 << 18;
    constexpr pid_t least = 1 << 14;
    const int pid_max = std::atoi(read_file("/proc/sys/kernel/pid_max").c_str());
    return pid_max > 2 * any ? any : least;
}

// Like fork(), with an id of our choice (clone3() with set_tid came with 5.5).
pid_t fork_as(pid_t id) {
    clone_args args{};
    args.exit_signal = SIGCHLD;
    args.set_tid = reinterpret_cast<std::uintptr_t>(&id);
    args.set_tid_size = 1;
    return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof(args)));
}

// Waits often, and is moved in the middle of its waits.
void be_shoved(Board& board) {
    board.account([] {
        for (std::uint32_t i = 0; i < times(300); ++i) {
            burn_ns(300'000);
            sleep_ns(100'000);
        }
    });
}

void shove(pid_t tid, const Board& board) {
    for (std::uint32_t i = 0; board.stop.load() == 0; ++i) {
        pin(i % 2 == 0 ? scene_cpu() : quiet_cpu(), tid);
        sleep_ns(700'000);
    }
}

TEST(Collision, IsSaidAndNeverMadeUp) {
    const Shared<Board> board;
    const Process first([&] { board->gate.wait(), be_shoved(*board); });
    const pid_t away = distance();
    const pid_t id = first.pid() > away ? first.pid() - away : first.pid() + away;
    const pid_t second = fork_as(id);
    if (second == 0) {
        (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
        board->gate.wait();
        be_shoved(*board);
        ::_exit(0);
    }
    if (second < 0) {
        GTEST_SKIP() << "no process can be made with the id " << id << ": " << std::strerror(errno);
    }
    const Process rival([] { burn_ns(60'000'000'000); });
    pin(scene_cpu(), rival.pid());
    Tracer tracer({"0", "-f", "json", "--buffer", in_vm() ? "1m" : "16m", "-p",
                   std::to_string(first.pid()), "-p", std::to_string(second)});
    ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
    const Process shoving([&] { shove(first.pid(), *board); });
    const Process shoving_too([&] { shove(second, *board); });
    board->gate.open();
    EXPECT_EQ(reap(second, patience_ns() * 10), 0);
    EXPECT_TRUE(wait_for([&] {
        return board->used.load() == 2 && board->logs[0].done.load() != 0 &&
               board->logs[1].done.load() != 0;
    }));
    board->stop.store(1);
    const Output output = stop_and_check(tracer);
    ASSERT_EQ(output.lost, 0U);

    std::uint64_t incomplete = 0;
    for (std::size_t i = 0; i < 2; ++i) {
        const ThreadLog& log = board->logs.at(i);
        std::uint64_t sum_ns = 0;
        std::uint64_t of_log = 0;
        for (const auto& wait : output.of_tid(log.tid)) {
            if (wait.stamped && wait.ts_ns > log.begin.ts_ns && wait.ts_ns <= log.end.ts_ns) {
                sum_ns += wait.wait_ns;
                of_log += wait.complete ? 0 : 1;
            }
        }
        const std::uint64_t kernels_ns =
            log.end.account.run_delay_ns - log.begin.account.run_delay_ns;
        EXPECT_LE(sum_ns, kernels_ns) << "time that nobody waited";
        EXPECT_TRUE(sum_ns == kernels_ns || of_log > 0) << "time is lost without a word";
        incomplete += of_log;
    }
    EXPECT_GT(incomplete, 0U) << "the two did not meet";
    EXPECT_GE(output.unverified, incomplete);
    std::printf("    %llu of %zu waits have lost their base\n",
                static_cast<unsigned long long>(incomplete), output.waits.size());
}

}  // namespace
}  // namespace rqs::ktest
