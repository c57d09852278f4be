// SPDX-License-Identifier: BSD-2-Clause
#include "util/quiet_cpu.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>
#include <ctime>
#include <vector>

#include "util/clock.h"

namespace rqs::util {
namespace {

TEST(QuietCpu, ReadsTheIdleTimesOfCpus) {
    EXPECT_EQ(idle_times("cpu  9 9 9 99 9\ncpu0 1 2 3 40 5 6\ncpu12 1 1 1 7\nintr 1 2 3\n"),
              (IdleTimes{{0, 40}, {12, 7}}));
    EXPECT_TRUE(idle_times("").empty());
    EXPECT_TRUE(idle_times("cpu").empty());
    EXPECT_EQ(idle_times("cpu1 1"), (IdleTimes{{1, 0}}));
}

TEST(QuietCpu, GoesWhereItIsClearlyQuieter) {
    const IdleTimes before{{0, 100}, {1, 100}, {2, 100}};
    EXPECT_EQ(quieter_than(0, before, {{0, 100}, {1, 110}, {2, 120}}, 0, 4), 2U);
    EXPECT_EQ(quieter_than(2, before, {{0, 100}, {1, 110}, {2, 120}}, 0, 4), std::nullopt);
    EXPECT_EQ(quieter_than(0, before, {{0, 117}, {1, 110}, {2, 120}}, 0, 4), std::nullopt);
    EXPECT_EQ(quieter_than(0, before, {{0, 100}, {1, 104}, {2, 100}}, 0, 4), std::nullopt);
    EXPECT_EQ(quieter_than(0, before, {{0, 105}, {1, 120}}, 15, 4), std::nullopt);  // but for it
    EXPECT_EQ(quieter_than(0, {}, {{0, 100}, {1, 500}}, 0, 4), std::nullopt);     // the first look
    EXPECT_EQ(quieter_than(0, before, {{0, 100}, {1, 50}}, 0, 4), std::nullopt);  // went back
}

std::vector<int> allowed_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof(set), &set);
    std::vector<int> cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) {
            cpus.push_back(cpu);
        }
    }
    return cpus;
}

// A thread that has little to do is left where it is, whatever else runs there.
TEST(QuietCpu, LeavesAnIdleThreadAlone) {
    QuietCpu quiet;
    for (std::uint64_t second = 1; second < 20; ++second) {
        quiet.look(second * 1'000'000'000);
    }
    EXPECT_EQ(quiet.moves(), 0U);
}

TEST(QuietCpu, KeepsWhereTheThreadMayRun) {
    const auto before = allowed_cpus();
    QuietCpu quiet;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(700);
    while (std::chrono::steady_clock::now() < end) {
        quiet.look(monotonic_ns());
    }
    EXPECT_EQ(allowed_cpus(), before);
}

}  // namespace
}  // namespace rqs::util
