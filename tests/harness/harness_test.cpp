// SPDX-License-Identifier: BSD-2-Clause
// What the tests rely on, tested itself.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "harness/program.h"

namespace rqs::harness {
namespace {

using std::chrono::milliseconds;

Words shell(const std::string& script) {
    return {"sh", "-c", script};
}

bool exists(pid_t pid) {
    return ::kill(pid, 0) == 0;
}

TEST(HarnessProcess, HasTheCodeOfItsBody) {
    EXPECT_EQ(Process([] {}).join(), 0);
    EXPECT_EQ(Process([] { ::_exit(7); }).join(), 7);
    EXPECT_EQ(Process([] { (void)std::raise(SIGKILL); }).join(), 128 + SIGKILL);
}

TEST(HarnessProcess, IsKilledWithItsObject) {
    pid_t pid = -1;
    {
        Process process([] { ::pause(); });
        pid = process.pid();
        EXPECT_FALSE(process.ended());
        EXPECT_EQ(process.join(milliseconds(20)), -1) << "it ended by itself";
        process.send(SIGSTOP);
    }
    EXPECT_FALSE(exists(pid));
}

TEST(HarnessProcess, StaysInProcUntilItIsJoined) {
    Process process([] {});
    while (!process.ended()) {
        ::sched_yield();
    }
    EXPECT_TRUE(exists(process.pid()));
    EXPECT_EQ(process.join(), 0);
    EXPECT_TRUE(process.ended());
    EXPECT_EQ(process.join(), -1) << "there is nothing left to join";
}

TEST(HarnessProcess, TakesThePlaceOfAnother) {
    Process process([] { ::pause(); });
    const pid_t first = process.pid();
    process = Process([] { ::pause(); });
    EXPECT_FALSE(exists(first));
    EXPECT_TRUE(exists(process.pid()));
}

TEST(HarnessRun, KeepsBothOutputsAndTheCode) {
    const Outcome outcome = run(shell("echo out; echo err >&2; exit 3"));
    EXPECT_EQ(outcome.code, 3);
    EXPECT_EQ(outcome.out, "out\n");
    EXPECT_EQ(outcome.err, "err\n");
    EXPECT_EQ(run({"/no/such/program"}).code, 127);
    EXPECT_EQ(run(shell("kill -TERM $$")).code, 128 + SIGTERM);
}

TEST(HarnessRun, FeedsMoreThanAPipeHolds) {
    const std::string input(1'000'000, 'x');
    EXPECT_EQ(run({"cat"}, {input}).out, input);
    EXPECT_EQ(run({"true"}, {input}).code, 0) << "a program that reads nothing";
    EXPECT_EQ(run({"cat"}).out, "") << "the input ends at once";
}

TEST(HarnessRun, PutsStdoutElsewhere) {
    EXPECT_NE(run({"echo", "x"}, {.stdout_path = "/dev/full"}).code, 0);
    EXPECT_EQ(run({"yes"}, {.closed_stdout = true}).code, 128 + SIGPIPE);
    const Outcome closed = run(shell("[ -e /proc/self/fd/1 ]"), {.no_stdout = true});
    EXPECT_NE(closed.code, 0);
}

TEST(HarnessRun, BecomesNobody) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "cannot become nobody without being root";
    }
    EXPECT_EQ(run({"/usr/bin/id", "-u"}, {.nobody = true}).out, "65534\n");
}

TEST(HarnessRun, HasATerminalIfWanted) {
    const Outcome outcome =
        run(shell("[ -t 1 ] && [ -t 2 ] && echo out && echo err >&2 && stty size <&1; exit 3"),
            {.on_terminal = true});
    EXPECT_EQ(outcome.code, 3);
    EXPECT_EQ(outcome.out, "out\nerr\n24 80\n");
    EXPECT_EQ(outcome.err, "");
}

TEST(HarnessRun, IsPlacedBeforeItBegins) {
    const auto far = [] { (void)::chdir("/proc"); };
    EXPECT_EQ(run({"pwd"}, {.place = far}).out, "/proc\n");
}

TEST(HarnessProgram, IsListenedToWhileItRuns) {
    Program program(
        shell("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done"));
    ASSERT_TRUE(program.await("ready"));
    program.send(SIGTERM);
    EXPECT_EQ(program.finish(), 5);
    EXPECT_EQ(program.out, "ready\nbye\n");
}

TEST(HarnessProgram, SaysWhenWhatIsAwaitedDoesNotCome) {
    Program program(shell("echo one; echo two; echo three >&2"));
    EXPECT_TRUE(program.await_output());
    EXPECT_TRUE(program.await_lines(2));
    EXPECT_TRUE(program.await("three", true));
    EXPECT_FALSE(program.await("four"));
    EXPECT_EQ(program.finish(), 0);
}

TEST(HarnessProgram, LosesItsReader) {
    Program program({"yes"});
    ASSERT_TRUE(program.await_lines(3));
    program.close_output();
    EXPECT_EQ(program.finish(), 128 + SIGPIPE);
}

TEST(HarnessProgram, IsReadAfterItsEnd) {
    Program program({"yes"});
    ASSERT_TRUE(program.fill());
    EXPECT_EQ(program.out, "");
    program.send(SIGTERM);
    EXPECT_EQ(program.finish_unread(), 128 + SIGTERM);
    EXPECT_EQ(program.out.substr(0, 4), "y\ny\n");
}

}  // namespace
}  // namespace rqs::harness
