// SPDX-License-Identifier: BSD-2-Clause
#include "util/bounded_cache.h"

#include <gtest/gtest.h>

namespace rqs::util {
namespace {

TEST(BoundedCache, ForgetsWhatWasNotUsedForLongest) {
    BoundedCache<int> cache(3);
    for (int key = 1; key <= 3; ++key) {
        *cache.add(static_cast<std::uint64_t>(key)) = key * 10;
    }
    EXPECT_EQ(*cache.find(1), 10);  // a use
    EXPECT_EQ(*cache.peek(2), 20);  // not one
    *cache.add(4) = 40;
    EXPECT_EQ(cache.find(2), nullptr);
    EXPECT_EQ(*cache.find(1), 10);
    EXPECT_EQ(*cache.find(3), 30);
    EXPECT_EQ(*cache.find(4), 40);
    EXPECT_EQ(cache.size(), 3U);
}

TEST(BoundedCache, WhatNobodyAskedForDrivesNothingOut) {
    BoundedCache<int> cache(2);
    *cache.add(1) = 10;
    *cache.add_unused(2) = 20;
    EXPECT_EQ(cache.add_unused(3), nullptr);
    *cache.add(4) = 40;  // in place of 2
    EXPECT_EQ(cache.find(2), nullptr);
    EXPECT_EQ(*cache.find(1), 10);
}

TEST(BoundedCache, PointersStayWhileTheEntryDoes) {
    BoundedCache<int> cache(100);
    int* const first = cache.add(0);
    for (std::uint64_t key = 1; key < 100; ++key) {
        *cache.add(key) = 1;
    }
    EXPECT_EQ(cache.find(0), first);
}

}  // namespace
}  // namespace rqs::util
