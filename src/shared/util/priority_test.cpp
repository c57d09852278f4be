// SPDX-License-Identifier: BSD-2-Clause
#include "util/priority.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace rqs::util {
namespace {

using Kind = Priority::Kind;

TEST(ParsePriority, KnowsItsWords) {
    struct Case {
        const char* text;
        Kind kind;
        int value;
    };
    for (const Case& expected : {Case{"auto", Kind::automatic, 0}, Case{"normal", Kind::normal, 0},
                                 Case{"nice:-20", Kind::nice, -20}, Case{"nice:0", Kind::nice, 0},
                                 Case{"nice:19", Kind::nice, 19}, Case{"fifo:1", Kind::fifo, 1},
                                 Case{"fifo:99", Kind::fifo, 99}, Case{"rr:50", Kind::rr, 50}}) {
        const auto priority = parse_priority(expected.text, "--priority");
        ASSERT_TRUE(priority) << expected.text;
        EXPECT_EQ(priority->kind, expected.kind) << expected.text;
        EXPECT_EQ(priority->value, expected.value) << expected.text;
    }
}

TEST(ParsePriority, RefusesEverythingElseByName) {
    for (const char* text : {"", "Auto", "auto:1", "normal:0", "nice", "nice:", "nice:20",
                             "nice:-21", "nice:+5", "nice: 5", "nice:5 ", "fifo", "fifo:0",
                             "fifo:100", "fifo:1x", "fifo:99999999999", "rr:0", "rr:-1", "batch"}) {
        const auto priority = parse_priority(text, "--priority");
        ASSERT_FALSE(priority) << text;
        EXPECT_EQ(priority.error().code, ExitCode::usage);
        EXPECT_EQ(priority.error().message,
                  "--priority: '" + std::string(text) +
                      "' is no priority; give auto, normal, nice:-20..19, fifo:1..99 or rr:1..99");
    }
}

/// A kernel that grants what the test says, and clocks that the test moves.
class Fake final : public ThreadScheduler {
  public:
    Scheduling get() override { return now; }
    int set(const Scheduling& wanted) override {
        const bool real_time = wanted.policy == SCHED_FIFO || wanted.policy == SCHED_RR;
        if ((real_time && !allows_real_time) || (wanted.nice < now.nice && !allows_nice)) {
            return EPERM;
        }
        now = wanted;
        history.push_back(describe(wanted));
        return 0;
    }
    std::uint64_t monotonic_ns() override { return clock_ms * 1'000'000; }
    std::uint64_t cpu_ns() override { return cpu_ms * 1'000'000; }

    /// `passed` ms later, of which the thread ran `ran`.
    void pass(std::uint64_t passed, std::uint64_t ran) {
        clock_ms += passed;
        cpu_ms += ran;
    }

    Scheduling now;
    bool allows_real_time = true;
    bool allows_nice = true;
    std::uint64_t clock_ms = 1000;
    std::uint64_t cpu_ms = 7;
    std::vector<std::string> history;
};

Result<PriorityGuard> raise(Fake& fake, Priority wanted = {}) {
    return PriorityGuard::raise(wanted, "--priority", {}, fake);
}

TEST(PriorityGuard, AutomaticIsRealTimeThenNiceThenWhatIsThere) {
    struct Case {
        bool allows_real_time;
        bool allows_nice;
        const char* granted;
        bool full;
    };
    for (const Case& expected :
         {Case{true, true, "real-time (fifo:1)", true}, Case{false, true, "nice -20", false},
          Case{false, false, "normal", false}}) {
        Fake fake;
        fake.allows_real_time = expected.allows_real_time;
        fake.allows_nice = expected.allows_nice;
        const auto guard = raise(fake);
        ASSERT_TRUE(guard);
        EXPECT_EQ(guard->granted(), expected.granted);
        EXPECT_EQ(guard->full(), expected.full);
        EXPECT_EQ(describe(fake.now), expected.granted);
        EXPECT_EQ(fake.now.reset_on_fork, expected.allows_nice);
    }
}

TEST(PriorityGuard, AutomaticLeavesAloneWhatIsRealTimeAlready) {
    Fake fake;
    fake.now = {SCHED_RR, 40, 0, false};
    auto guard = raise(fake);
    ASSERT_TRUE(guard);
    EXPECT_EQ(guard->granted(), "real-time (rr:40)");
    EXPECT_TRUE(guard->full());
    fake.pass(90, 90);
    guard->account();
    EXPECT_TRUE(fake.history.empty());
}

TEST(PriorityGuard, NormalChangesNothing) {
    Fake fake;
    fake.now.nice = 5;
    const auto guard = raise(fake, {Kind::normal, 0});
    ASSERT_TRUE(guard);
    EXPECT_EQ(guard->granted(), "nice 5");
    EXPECT_TRUE(guard->full());
    EXPECT_TRUE(fake.history.empty());
}

TEST(PriorityGuard, WhatIsAskedForIsHadOrAnError) {
    Fake fake;
    {
        const auto guard = raise(fake, {Kind::rr, 7});
        ASSERT_TRUE(guard);
        EXPECT_EQ(guard->granted(), "real-time (rr:7)");
        EXPECT_TRUE(guard->full());
    }
    EXPECT_EQ(describe(fake.now), "normal");
    fake.allows_real_time = false;
    const auto refused = raise(fake, {Kind::fifo, 50});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "--priority fifo:50: not permitted; run as root or with cap_sys_nice");
    EXPECT_EQ(refused.error().code, ExitCode::failure);
    EXPECT_EQ(describe(fake.now), "normal");
}

TEST(PriorityGuard, RestoresOnceHoweverOftenItMoves) {
    Fake fake;
    fake.now.nice = 3;
    {
        auto guard = raise(fake, {Kind::nice, -7});
        ASSERT_TRUE(guard);
        const PriorityGuard moved = std::move(*guard);
        EXPECT_EQ(moved.granted(), "nice -7");
    }
    EXPECT_EQ(fake.history, (std::vector<std::string>{"nice -7", "nice 3"}));
    EXPECT_FALSE(fake.now.reset_on_fork);
}

TEST(PriorityGuard, KeepsRealTimeWithinItsShare) {
    Fake fake;
    auto guard = raise(fake);
    ASSERT_TRUE(guard);
    for (int i = 0; i < 100; ++i) {
        fake.pass(10, 5);
        guard->account();
    }
    EXPECT_EQ(fake.history.size(), 1U);
}

TEST(PriorityGuard, IsLoweredAboveItsShareUntilTheWindowEnds) {
    Fake fake;
    auto guard = raise(fake);
    ASSERT_TRUE(guard);
    int real_time_ms = 0;
    for (int i = 0; i < 100; ++i) {  // ten windows of a thread that never sleeps
        real_time_ms += fake.now.policy == SCHED_FIFO ? 10 : 0;
        fake.pass(10, 10);
        guard->account();
        EXPECT_EQ(describe(fake.now), guard->lowered() ? "nice -20" : "real-time (fifo:1)");
        EXPECT_TRUE(fake.now.reset_on_fork);
    }
    EXPECT_EQ(real_time_ms, 600);  // the share, and 10 ms a window until it is noticed
    EXPECT_EQ(guard->granted(), "real-time (fifo:1)");
    EXPECT_EQ(fake.history.size(), 1U + 2 * 10);
}

TEST(PriorityGuard, PaysForAWindowInWhichItDidNotLook) {
    Fake fake;
    auto guard = raise(fake);
    ASSERT_TRUE(guard);
    fake.pass(300, 290);
    guard->account();
    EXPECT_TRUE(guard->lowered());
    fake.pass(90, 90);
    guard->account();
    EXPECT_TRUE(guard->lowered());
    fake.pass(10, 10);
    guard->account();
    EXPECT_FALSE(guard->lowered());
}

TEST(PriorityGuard, TakesTheShareThatTheCallerSays) {
    Fake fake;
    auto guard = PriorityGuard::raise({}, "--priority", {0.1, 1'000'000'000}, fake);
    ASSERT_TRUE(guard);
    fake.pass(100, 100);
    guard->account();
    EXPECT_FALSE(guard->lowered());
    fake.pass(1, 1);
    guard->account();
    EXPECT_TRUE(guard->lowered());
}

TEST(PriorityGuard, IsLoweredEvenWhereNiceIsNotAllowed) {
    Fake fake;
    fake.allows_nice = false;
    auto guard = raise(fake);
    ASSERT_TRUE(guard);
    fake.pass(60, 60);
    guard->account();
    EXPECT_EQ(describe(fake.now), "normal");
    EXPECT_TRUE(guard->lowered());
    fake.pass(40, 40);
    guard->account();
    EXPECT_EQ(describe(fake.now), "real-time (fifo:1)");
}

// What follows asks the real kernel, each time in a process of its own.

/// The exit code of a process that runs `body`.
int code_of(const std::function<int()>& body) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        std::_Exit(body());
    }
    int status = -1;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Whether real time is to be had: 0 is yes.
int raised() {
    const auto guard = PriorityGuard::raise({}, "--priority");
    return guard && guard->full() ? 0 : 1;
}

class RealPriority : public ::testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0 || code_of(raised) != 0) {
            GTEST_SKIP() << "no real-time priority for this user here";
        }
    }
};

bool is(int policy, int nice) {
    return ::sched_getscheduler(0) == policy && ::getpriority(PRIO_PROCESS, 0) == nice;
}

TEST_F(RealPriority, IsHadAndGivenBack) {
    EXPECT_EQ(code_of([] {
                  if (::setpriority(PRIO_PROCESS, 0, 7) != 0) {
                      return 1;
                  }
                  {
                      const auto guard = PriorityGuard::raise({}, "--priority");
                      sched_param param{};
                      const bool fifo =
                          guard && ::sched_getscheduler(0) == (SCHED_FIFO | SCHED_RESET_ON_FORK) &&
                          ::sched_getparam(0, &param) == 0 && param.sched_priority == 1 &&
                          guard->granted() == "real-time (fifo:1)";
                      if (!fifo) {
                          return 2;
                      }
                  }
                  return is(SCHED_OTHER, 7) ? 0 : 3;
              }),
              0);
}

TEST_F(RealPriority, IsNotAChilds) {
    for (const int nice : {7, 0, -3}) {
        for (const Priority wanted : {Priority{}, Priority{Kind::nice, -10}}) {
            EXPECT_EQ(code_of([=] {
                          (void)::setpriority(PRIO_PROCESS, 0, nice);
                          const auto guard = PriorityGuard::raise(wanted, "--priority");
                          return !guard || !guard->full() ? 1 : code_of([=] {
                              PriorityGuard::restore_in_child();
                              return is(SCHED_OTHER, nice) ? 0 : 2;
                          });
                      }),
                      0)
                << nice;
        }
    }
}

TEST_F(RealPriority, OfTheStartIsAChildsPolicyToo) {
    EXPECT_EQ(code_of([] {
                  const sched_param param{};
                  if (::sched_setscheduler(0, SCHED_BATCH, &param) != 0) {
                      return 1;
                  }
                  const auto guard = PriorityGuard::raise({}, "--priority");
                  return !guard || !guard->full() ? 2 : code_of([] {
                      PriorityGuard::restore_in_child();
                      return is(SCHED_BATCH, 0) ? 0 : 3;
                  });
              }),
              0);
}

void spend_cpu(std::uint64_t ns) {
    const std::uint64_t began_ns = thread_scheduler().cpu_ns();
    while (thread_scheduler().cpu_ns() - began_ns <= ns) {
    }
}

TEST_F(RealPriority, IsBounded) {
    EXPECT_EQ(code_of([] {
                  auto guard = PriorityGuard::raise({}, "--priority", {0.01, 10'000'000'000});
                  if (!guard || !guard->full()) {
                      return 1;
                  }
                  spend_cpu(110'000'000);
                  guard->account();
                  return guard->lowered() && is(SCHED_OTHER | SCHED_RESET_ON_FORK, -20) ? 0 : 2;
              }),
              0);
}

TEST_F(RealPriority, ComesBackWithoutTheThreadsDoing) {
    EXPECT_EQ(code_of([] {
                  auto guard = PriorityGuard::raise({}, "--priority", {0.01, 200'000'000});
                  if (!guard || !guard->full()) {
                      return 1;
                  }
                  ThreadScheduler& kernel = thread_scheduler();
                  spend_cpu(5'000'000);
                  guard->account();
                  if (!guard->lowered()) {
                      return 2;
                  }
                  const std::uint64_t deadline_ns = kernel.monotonic_ns() + 30'000'000'000;
                  while (!is_real_time(kernel.get())) {
                      if (kernel.monotonic_ns() > deadline_ns) {
                          return 3;
                      }
                  }
                  guard->account();
                  return guard->lowered() == !is_real_time(kernel.get()) ? 0 : 4;
              }),
              0);
}

TEST_F(RealPriority, HurriesOnlyWhereThatIsAStepUp) {
    EXPECT_EQ(code_of([] {
                  {
                      const auto hurry = PriorityGuard::hurry({});
                      if (!hurry || ::getpriority(PRIO_PROCESS, 0) != -20) {
                          return 1;
                      }
                  }
                  const auto modest = PriorityGuard::hurry({Kind::nice, 10});
                  if (!modest || ::getpriority(PRIO_PROCESS, 0) == -20) {
                      return 2;
                  }
                  const sched_param param{7};
                  if (::sched_setscheduler(0, SCHED_FIFO, &param) != 0) {
                      return 3;
                  }
                  const auto hurry = PriorityGuard::hurry({});
                  return hurry && ::sched_getscheduler(0) == SCHED_FIFO ? 0 : 4;
              }),
              0);
}

TEST(Unprivileged, GetsWhatItHasAndSaysSo) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can become somebody else";
    }
    EXPECT_EQ(code_of([] {
                  constexpr uid_t nobody = 65534;
                  const rlimit none{0, 0};
                  if (::setrlimit(RLIMIT_RTPRIO, &none) != 0 ||
                      ::setrlimit(RLIMIT_NICE, &none) != 0 || ::setuid(nobody) != 0) {
                      return 1;
                  }
                  const int nice = ::getpriority(PRIO_PROCESS, 0);
                  const auto best = PriorityGuard::raise({}, "--priority");
                  if (!best || best->full() || best->granted() != describe({0, 0, nice, false})) {
                      return 2;
                  }
                  const auto refused = PriorityGuard::raise({Kind::fifo, 50}, "--priority");
                  if (refused || refused.error().message !=
                                     "--priority fifo:50: not permitted; run as root or with "
                                     "cap_sys_nice") {
                      return 3;
                  }
                  const auto modest = PriorityGuard::raise({Kind::nice, 19}, "--priority");
                  return modest && modest->full() && modest->granted() == "nice 19" ? 0 : 4;
              }),
              0);
}

}  // namespace
}  // namespace rqs::util
