// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/process_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace rqs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A child that sleeps until it is killed.
class Sleeper {
  public:
    Sleeper() : pid_(::fork()) {
        if (pid_ == 0) {
            ::pause();
            ::_exit(0);
        }
    }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    ~Sleeper() { end(); }

    void end() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            pid_ = -1;
        }
    }
    [[nodiscard]] std::uint32_t pid() const { return static_cast<std::uint32_t>(pid_); }

  private:
    pid_t pid_;
};

TEST(ProcessWatch, SaysOnceWhoHasEndedAndWhenNobodyIsLeft) {
    Sleeper first;
    Sleeper second;
    ProcessWatch watch({first.pid(), second.pid()}, {});
    EXPECT_THAT(watch.ended(), IsEmpty());
    const std::string pid = std::to_string(second.pid());
    second.end();
    EXPECT_THAT(watch.ended(), ElementsAre("process " + pid + " has ended"));
    EXPECT_THAT(watch.ended(), IsEmpty());
    first.end();
    EXPECT_THAT(watch.ended(), ElementsAre(HasSubstr("matches nothing any more")));
    EXPECT_THAT(watch.ended(), IsEmpty());
}

TEST(ProcessWatch, OfNobodySaysNothing) {
    EXPECT_THAT(ProcessWatch({}, {}).ended(), IsEmpty());
}

TEST(ProcessWatch, SaysWhenAThreadHasEnded) {
    std::atomic<std::uint32_t> tid{0};
    std::atomic<bool> end{false};
    std::thread thread([&] {
        tid = static_cast<std::uint32_t>(::gettid());
        end.wait(false);
    });
    while (tid == 0) {
        std::this_thread::yield();
    }
    ProcessWatch watch({}, {tid});
    EXPECT_THAT(watch.ended(), IsEmpty());
    end = true;
    end.notify_one();
    thread.join();
    // It wakes who joins it a moment before it is gone.
    std::vector<std::string> lines;
    for (int i = 0; i < 1000 && lines.empty(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        lines = watch.ended();
    }
    EXPECT_THAT(lines, ElementsAre("thread " + std::to_string(tid) +
                                   " has ended: --tid matches nothing any more; Ctrl-C ends "
                                   "tracing"));
}

}  // namespace
}  // namespace rqs
