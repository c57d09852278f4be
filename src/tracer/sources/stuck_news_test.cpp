// SPDX-License-Identifier: BSD-2-Clause
#include "sources/stuck_news.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace rqs {
namespace {

constexpr std::uint64_t ms = 1'000'000;

Stuck waiting(std::uint32_t tid, std::uint64_t now_ns, std::uint64_t waiting_ns) {
    Stuck stuck;
    stuck.task.tid = tid;
    stuck.ts_ns = now_ns;
    stuck.waiting_ns = waiting_ns;
    return stuck;
}

TEST(StuckNews, AWaitIsNewsWhenFoundAndWheneverItHasDoubled) {
    StuckNews news;
    int reports = 0;
    for (std::uint64_t waited = 500 * ms; waited <= 16'000 * ms; waited += 500 * ms) {
        news.begin_look();
        reports += news.is_news(waiting(7, 100'000 * ms + waited, waited)) ? 1 : 0;
    }
    EXPECT_EQ(reports, 6);  // 0.5, 1, 2, 4, 8, 16 s
}

TEST(StuckNews, AnotherWaitOfTheSameTaskIsNewsAgain) {
    StuckNews news;
    news.begin_look();
    EXPECT_TRUE(news.is_news(waiting(7, 10'000 * ms, 5000 * ms)));
    news.begin_look();
    EXPECT_FALSE(news.is_news(waiting(7, 10'500 * ms, 5500 * ms)));
    news.begin_look();
    EXPECT_TRUE(news.is_news(waiting(7, 11'000 * ms, 200 * ms)));
}

TEST(StuckNews, AClockThatIsATickOldMakesNoOtherWait) {
    StuckNews news;
    news.begin_look();
    EXPECT_TRUE(news.is_news(waiting(7, 10'000 * ms, 5000 * ms)));
    news.begin_look();
    EXPECT_FALSE(news.is_news(waiting(7, 10'500 * ms, 5496 * ms)));
    news.begin_look();
    EXPECT_FALSE(news.is_news(waiting(7, 11'000 * ms, 6004 * ms)));
}

TEST(StuckNews, TasksAreToldApart) {
    StuckNews news;
    news.begin_look();
    EXPECT_TRUE(news.is_news(waiting(7, 10'000 * ms, 500 * ms)));
    EXPECT_TRUE(news.is_news(waiting(8, 10'000 * ms, 500 * ms)));
}

TEST(StuckNews, ForgetsWhoWaitsNoMore) {
    StuckNews news;
    for (std::uint32_t look = 0; look < 100; ++look) {
        news.begin_look();
        news.is_news(waiting(1, 10'000 * ms, 5000 * ms));
        news.is_news(waiting(1000 + look, 10'000 * ms, 500 * ms));
    }
    news.begin_look();
    EXPECT_LE(news.size(), 2U);
    // Gone for a look: the same numbers are another wait.
    news.begin_look();
    news.begin_look();
    EXPECT_EQ(news.size(), 0U);
    EXPECT_TRUE(news.is_news(waiting(1, 10'000 * ms, 5000 * ms)));
}

TEST(StuckNews, AWaitThatIsOlderThanTheClock) {
    StuckNews news;
    news.begin_look();
    EXPECT_TRUE(news.is_news(waiting(7, 10, 5000 * ms)));
}

}  // namespace
}  // namespace rqs
