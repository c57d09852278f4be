// SPDX-License-Identifier: BSD-2-Clause
// The sampling source over the real /proc; over one of its own: schedstat_test.cpp.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sources/schedstat.h"

namespace rqs {
namespace {

class Taker : public RecordHandler {
  public:
    void on_interval(const Interval& interval) override { intervals.push_back(interval); }
    std::vector<Interval> intervals;
};

TEST(SchedstatLive, FindsTwoThatShareACpu) {
    if (::access("/proc/self/schedstat", R_OK) != 0) {
        GTEST_SKIP() << "this kernel has no /proc/self/schedstat";
    }
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    ASSERT_EQ(::sched_getaffinity(0, sizeof cpus, &cpus), 0);
    std::vector<std::uint32_t> pids;
    for (int i = 0; i < 2; ++i) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            std::size_t cpu = 0;
            while (!CPU_ISSET(cpu, &cpus)) {
                ++cpu;
            }
            CPU_SET(cpu, &one);
            ::sched_setaffinity(0, sizeof one, &one);
            ::alarm(30);
            for (volatile bool spin = true; spin;) {
            }
        }
        pids.push_back(static_cast<std::uint32_t>(pid));
    }
    SourceOptions options;
    options.min_us = 1000;
    options.interval_s = 0.2;
    options.filters.pids = pids;
    SchedstatSource source(options, std::nullopt);
    ASSERT_TRUE(source.start());
    Taker taker;
    for (int i = 0; i < 100 && (taker.intervals.size() < 4); ++i) {
        ASSERT_TRUE(source.poll(std::chrono::milliseconds(100), taker));
    }
    for (const std::uint32_t pid : pids) {
        ::kill(static_cast<pid_t>(pid), SIGKILL);
        ::waitpid(static_cast<pid_t>(pid), nullptr, 0);
    }
    ASSERT_GE(taker.intervals.size(), 4U);
    for (const std::uint32_t pid : pids) {
        EXPECT_TRUE(
            std::any_of(taker.intervals.begin(), taker.intervals.end(),
                        [&](const Interval& one) { return one.task.pid == pid && one.waits > 0; }));
    }
}

}  // namespace
}  // namespace rqs
