// SPDX-License-Identifier: BSD-2-Clause
#include "sources/affinity_news.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rqs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Affinity may(std::uint32_t tid, std::uint64_t mask) {
    return {0, tid, {mask}};
}

AffinityNews on_four_cpus() {
    AffinityNews news;
    news.set_online({0b1111});
    news.begin_look();
    return news;
}

TEST(AffinityNews, ChangesAreNews) {
    AffinityNews news = on_four_cpus();
    EXPECT_TRUE(news.is_news(may(7, 0b0001)));
    EXPECT_FALSE(news.is_news(may(7, 0b0001)));
    EXPECT_TRUE(news.is_news(may(7, 0b0010)));
    EXPECT_TRUE(news.is_news(may(7, 0)));
    EXPECT_TRUE(news.is_news(may(8, 0b0010)));
}

TEST(AffinityNews, WhoMayUseAllThatIsOnlineIsNotRestricted) {
    AffinityNews news = on_four_cpus();
    EXPECT_FALSE(news.is_news(may(7, 0b11111)));
    EXPECT_TRUE(news.is_news(may(7, 0b10111)));
    EXPECT_TRUE(news.is_news(may(7, 0b01111)));  // it was, and is no more
    EXPECT_FALSE(news.is_news(may(7, 0b01111)));
    EXPECT_EQ(news.size(), 0U);
}

TEST(AffinityNews, WhoIsNotFoundAnyMoreIsNotRestrictedAnyMore) {
    AffinityNews news = on_four_cpus();
    EXPECT_TRUE(news.is_news(may(7, 1)));
    EXPECT_TRUE(news.is_news(may(8, 1)));
    EXPECT_THAT(news.end_look(), IsEmpty());
    news.begin_look();
    EXPECT_FALSE(news.is_news(may(8, 1)));
    EXPECT_THAT(news.end_look(), ElementsAre(7));
    news.begin_look();
    EXPECT_FALSE(news.is_news(may(8, 1)));
    EXPECT_THAT(news.end_look(), IsEmpty());
}

TEST(AffinityNews, WhatIsInheritedIsNoNews) {
    AffinityNews news = on_four_cpus();
    EXPECT_TRUE(news.is_news(may(7, 1)));
    news.fork(7, 8);
    EXPECT_FALSE(news.is_news(may(8, 1)));
    news.exit(8);
    EXPECT_TRUE(news.is_news(may(8, 1)));
    news.fork(9, 8);  // a number is given again, by a parent that is not restricted
    EXPECT_TRUE(news.is_news(may(8, 1)));
}

TEST(AffinityNews, IsBounded) {
    AffinityNews news = on_four_cpus();
    for (std::uint32_t tid = 1; tid <= AffinityNews::most_threads + 10; ++tid) {
        EXPECT_TRUE(news.is_news(may(tid, 1)));
        news.fork(1, tid + 1'000'000);
    }
    EXPECT_EQ(news.size(), AffinityNews::most_threads);
    EXPECT_TRUE(news.is_news(may(AffinityNews::most_threads + 10, 1)));
}

}  // namespace
}  // namespace rqs
