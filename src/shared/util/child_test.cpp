// SPDX-License-Identifier: BSD-2-Clause
#include "util/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "util/folder_for_test.h"
#include "util/stop_signals.h"

namespace rqs::util {
namespace {

class ChildTest : public ::testing::Test {
  protected:
    /// Runs a shell script to its end.
    static int run(const std::string& script) {
        auto child = Child::prepare({"sh", "-c", script});
        EXPECT_TRUE(child) << child.error().message;
        EXPECT_TRUE(child->release());
        return child->wait();
    }
    [[nodiscard]] std::string text_of(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(dir_ / name).rdbuf();
        return text.str();
    }
    /// A line of /proc/self/status that the command left in the file `out`, in hexadecimal.
    [[nodiscard]] unsigned long long status_of(const std::string& key) const {
        const std::string status = text_of("out");
        const std::size_t at = status.find(key + ":\t");
        EXPECT_NE(at, std::string::npos);
        return std::stoull(status.substr(at + key.size() + 2, 16), nullptr, 16);
    }
    static bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

    /// Waits until `name` exists in the directory: the command has got so far.
    void await(const std::string& name) const {
        for (int i = 0; i < 1000 && !std::filesystem::exists(dir_ / name); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        ASSERT_TRUE(std::filesystem::exists(dir_ / name));
    }

    FolderForTest temporary_;
    std::filesystem::path dir_ = temporary_.path();
};

TEST_F(ChildTest, GetsATermWhenItsParentIsKilled) {
    const pid_t parent = ::fork();
    if (parent == 0) {
        auto child =
            Child::prepare({"sh", "-c",
                            "trap 'touch " + (dir_ / "ended").string() + "; exit' TERM; touch " +
                                (dir_ / "begun").string() + "; while :; do sleep 0.05; done"});
        if (!child || !child->release()) {
            ::_exit(1);
        }
        for (;;) {
            ::pause();
        }
    }
    await("begun");
    EXPECT_FALSE(std::filesystem::exists(dir_ / "ended"));
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    await("ended");
}

TEST_F(ChildTest, PassesExitCodesOn) {
    EXPECT_EQ(run("exit 0"), 0);
    EXPECT_EQ(run("exit 7"), 7);
    EXPECT_EQ(run("exit 255"), 255);
    EXPECT_EQ(run("kill -KILL $$"), 128 + SIGKILL);
    EXPECT_EQ(run("kill -TERM $$"), 128 + SIGTERM);
}

TEST_F(ChildTest, WaitsToBeReleased) {
    const std::string mark = dir_ / "ran";
    auto child = Child::prepare({"touch", mark});
    ASSERT_TRUE(child);
    EXPECT_TRUE(alive(child->pid()));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_FALSE(std::filesystem::exists(mark));
    EXPECT_FALSE(child->exited());
    ASSERT_TRUE(child->release());
    EXPECT_EQ(child->wait(), 0);
    EXPECT_TRUE(std::filesystem::exists(mark));
}

TEST_F(ChildTest, ArgumentsArriveVerbatim) {
    const std::string out = dir_ / "out";
    auto child = Child::prepare(
        {"sh", "-c", "printf '[%s]' \"$@\" > " + out, "sh", "a b", "", "-x", "--", "$HOME\n"});
    ASSERT_TRUE(child);
    ASSERT_TRUE(child->release());
    EXPECT_EQ(child->wait(), 0);
    EXPECT_EQ(text_of("out"), "[a b][][-x][--][$HOME\n]");
}

TEST_F(ChildTest, IdIsKeptThroughExec) {
    const std::string out = dir_ / "out";
    auto child = Child::prepare({"sh", "-c", "printf $$ > " + out});
    ASSERT_TRUE(child);
    const pid_t pid = child->pid();
    ASSERT_TRUE(child->release());
    EXPECT_EQ(child->wait(), 0);
    EXPECT_EQ(text_of("out"), std::to_string(pid));
}

TEST_F(ChildTest, NoSuchCommandIs127) {
    auto child = Child::prepare({"/no/such/\x1b[31mcommand"});
    ASSERT_TRUE(child);
    const Status status = child->release();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, command_not_found);
    EXPECT_EQ(status.error().message,
              "cannot run '/no/such/\\x1b[31mcommand': No such file or directory");
    EXPECT_EQ(child->exited(), 127);
}

TEST_F(ChildTest, CommandThatMayNotRunIs126) {
    const std::string file = dir_ / "plain";
    std::ofstream(file) << "#!/bin/sh\n";
    ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
    auto child = Child::prepare({file});
    ASSERT_TRUE(child);
    const Status status = child->release();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, command_not_runnable);
    EXPECT_NE(status.error().message.find("Permission denied"), std::string::npos);
    EXPECT_EQ(child->exited(), 126);
}

TEST_F(ChildTest, ForgottenChildNeverRuns) {
    const std::string mark = dir_ / "ran";
    pid_t pid = -1;
    {
        auto child = Child::prepare({"touch", mark});
        ASSERT_TRUE(child);
        pid = child->pid();
    }
    EXPECT_FALSE(alive(pid));
    EXPECT_FALSE(std::filesystem::exists(mark));
}

TEST_F(ChildTest, EndsAndReapsWhatStillRuns) {
    pid_t pid = -1;
    {
        auto child = Child::prepare({"sleep", "1000"});
        ASSERT_TRUE(child);
        ASSERT_TRUE(child->release());
        pid = child->pid();
        EXPECT_FALSE(child->exited());
        EXPECT_TRUE(alive(pid));
    }
    EXPECT_FALSE(alive(pid));
}

TEST_F(ChildTest, EndsWhatIgnoresTerm) {
    const std::string ready = dir_ / "ready";
    auto child = Child::prepare({"sh", "-c", "trap '' TERM; touch " + ready + "; exec sleep 1000"});
    ASSERT_TRUE(child);
    ASSERT_TRUE(child->release());
    await("ready");
    child->terminate();
    EXPECT_EQ(child->exited(), 128 + SIGKILL);
}

TEST_F(ChildTest, EndsWhatIsStopped) {
    auto child = Child::prepare({"sleep", "1000"});
    ASSERT_TRUE(child);
    ASSERT_TRUE(child->release());
    child->send(SIGSTOP);
    child->terminate();
    EXPECT_EQ(child->exited(), 128 + SIGTERM);
}

TEST_F(ChildTest, ForwardsSignals) {
    const std::string ready = dir_ / "ready";
    auto child = Child::prepare(
        {"sh", "-c", "trap 'exit 42' TERM; touch " + ready + "; while :; do sleep 0.01; done"});
    ASSERT_TRUE(child);
    ASSERT_TRUE(child->release());
    await("ready");
    child->send(SIGTERM);
    EXPECT_EQ(child->wait(), 42);
}

TEST_F(ChildTest, EndedCommandStaysReadableInProc) {
    auto child = Child::prepare({"true"});
    ASSERT_TRUE(child);
    ASSERT_TRUE(child->release());
    EXPECT_EQ(child->wait(), 0);
    EXPECT_TRUE(std::filesystem::exists("/proc/" + std::to_string(child->pid()) + "/stat"));
}

TEST_F(ChildTest, SignalsAreThoseOfAFreshProcess) {
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &blocked, &before);
    const auto old_pipe = ::signal(SIGPIPE, SIG_IGN);
    const auto old_int = ::signal(SIGINT, [](int) {});
    const std::string out = dir_ / "out";
    auto child = Child::prepare({"cp", "/proc/self/status", out});
    ASSERT_TRUE(child);
    ASSERT_TRUE(child->release());
    EXPECT_EQ(child->wait(), 0);
    ::signal(SIGPIPE, old_pipe);
    ::signal(SIGINT, old_int);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);

    EXPECT_EQ(status_of("SigBlk"), 0U);
    EXPECT_EQ(status_of("SigIgn") & (1ULL << (SIGPIPE - 1)), 0U);
    EXPECT_EQ(status_of("SigIgn") & (1ULL << (SIGINT - 1)), 0U);
}

TEST_F(ChildTest, WhatThisProgramWasStartedToIgnoreStaysIgnored) {
    const pid_t program = ::fork();  // signals change a whole process
    if (program == 0) {
        for (const int signal : {SIGINT, SIGQUIT, SIGHUP}) {
            (void)::signal(signal, SIG_IGN);
        }
        catch_stop_signals();  // INT sets this program's flag now
        auto child = Child::prepare({"cp", "/proc/self/status", dir_ / "out"});
        ::_exit(child && child->release() ? child->wait() : 1);
    }
    int code = -1;
    ASSERT_EQ(::waitpid(program, &code, 0), program);
    ASSERT_EQ(code, 0);
    for (const int signal : {SIGINT, SIGQUIT, SIGHUP}) {
        EXPECT_NE(status_of("SigIgn") & (1ULL << (signal - 1)), 0U) << signal;
    }
    EXPECT_EQ(status_of("SigIgn") & (1ULL << (SIGTERM - 1)), 0U);
}

TEST_F(ChildTest, UndoesBeforeExecWhatTheCallerSays) {
    ChildStreams streams;
    streams.before_exec = [] { ::umask(0147); };
    auto child = Child::prepare({"cp", "/proc/self/status", dir_ / "out"}, streams);
    ASSERT_TRUE(child);
    ASSERT_TRUE(child->release());
    EXPECT_EQ(child->wait(), 0);
    EXPECT_EQ(status_of("Umask"), 0x147U);  // read as hexadecimal
    const mode_t here = ::umask(0);
    ::umask(here);
    EXPECT_NE(here, 0147U);
}

TEST_F(ChildTest, KillBeforeReleaseIsSeen) {
    auto child = Child::prepare({"true"});
    ASSERT_TRUE(child);
    child->send(SIGKILL);
    EXPECT_EQ(child->wait(), 128 + SIGKILL);
    EXPECT_TRUE(child->release());
    EXPECT_EQ(child->exited(), 128 + SIGKILL);
}

TEST_F(ChildTest, DiesWithAParentThatNeverReleases) {
    // The grandchild's id comes through a pipe; its end shows as the pipe's.
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t parent = ::fork();
    if (parent == 0) {
        ::close(pipe[0]);
        auto child = Child::prepare({"sleep", "1000"});
        ::kill(::getpid(), SIGKILL);
    }
    ::close(pipe[1]);
    ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
    char byte = 0;
    EXPECT_EQ(::read(pipe[0], &byte, 1), 0);  // blocks for ever if the grandchild lived on
    ::close(pipe[0]);
}

TEST_F(ChildTest, MovesLikeAValue) {
    auto made = Child::prepare({"sh", "-c", "exit 3"});
    ASSERT_TRUE(made);
    Child child = std::move(*made);
    ASSERT_TRUE(child.release());
    Child other = std::move(child);
    EXPECT_EQ(other.wait(), 3);
    EXPECT_EQ(child.pid(), -1);  // NOLINT(bugprone-use-after-move): that is what is tested
}

}  // namespace
}  // namespace rqs::util
