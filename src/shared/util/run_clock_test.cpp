// SPDX-License-Identifier: BSD-2-Clause
#include "util/run_clock.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <limits>
#include <thread>

#include "util/stop_signals.h"

namespace rqs::util {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest{100};

TEST(RunClock, WithoutADurationGoesOn) {
    EXPECT_FALSE(RunClock().over());
    EXPECT_EQ(RunClock().left(longest), longest);
    EXPECT_FALSE(RunClock(std::nullopt).over());
}

TEST(RunClock, EndsWithItsDuration) {
    const RunClock clock(0.02);
    std::this_thread::sleep_for(milliseconds(30));
    EXPECT_TRUE(clock.over());
    EXPECT_EQ(clock.left(longest), milliseconds(0));
}

TEST(RunClock, WaitsNeverBeyondItsEndNorTooLong) {
    EXPECT_EQ(RunClock(1000).left(longest), longest);
    const auto left = RunClock(1000).left(milliseconds(10'000'000));
    EXPECT_LE(left, milliseconds(1'000'000));
    EXPECT_GT(left, milliseconds(0));
}

TEST(RunClock, AWaitOfWhatIsLeftReachesTheEnd) {
    const RunClock clock(0.0105);
    std::this_thread::sleep_for(clock.left(longest));
    EXPECT_TRUE(clock.over());
}

TEST(RunClock, HasRoomForEveryDuration) {
    for (const double seconds : {1e9, 1e10, 1e300, std::numeric_limits<double>::infinity()}) {
        const RunClock clock(seconds);
        EXPECT_FALSE(clock.over()) << seconds;
        EXPECT_EQ(clock.left(longest), longest) << seconds;
    }
}

// A signal changes the whole process: in one of its own.
TEST(RunClockDeathTest, EndsWithAStopSignal) {
    EXPECT_EXIT(
        {
            catch_stop_signals();
            const RunClock clock;
            const bool before = clock.over();
            (void)std::raise(SIGTERM);
            std::_Exit(!before && clock.over() ? 0 : 1);
        },
        ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace rqs::util
