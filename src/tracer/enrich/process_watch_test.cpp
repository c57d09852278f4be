// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/process_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

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
    ProcessWatch watch({first.pid(), second.pid()});
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
    EXPECT_THAT(ProcessWatch({}).ended(), IsEmpty());
}

}  // namespace
}  // namespace rqs
