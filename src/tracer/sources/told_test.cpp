// SPDX-License-Identifier: BSD-2-Clause
#include "sources/told.h"

#include <gtest/gtest.h>

namespace rqs {
namespace {

constexpr std::uint64_t now_ns = 5'000'000'000;

TEST(Told, IsDueAtFirstAndASecondLater) {
    Told told;
    EXPECT_TRUE(told.is_due(7, now_ns));
    EXPECT_FALSE(told.is_due(7, now_ns + Told::again_ns - 1));
    EXPECT_TRUE(told.is_due(7, now_ns + Told::again_ns));
    EXPECT_FALSE(told.is_due(7, now_ns + Told::again_ns + 1));
}

// Also ids that are kept at the same place are each told once.
TEST(Told, IdsDoNotDisplaceEachOther) {
    Told told;
    constexpr std::uint64_t apart = 1024;
    EXPECT_TRUE(told.is_due(7, now_ns));
    EXPECT_TRUE(told.is_due(7 + apart, now_ns));
    for (int i = 1; i < 10; ++i) {
        EXPECT_FALSE(told.is_due(7, now_ns + 1));
        EXPECT_FALSE(told.is_due(7 + apart, now_ns + 1));
    }
}

TEST(Told, WhatCouldNotBeToldIsDueAgain) {
    Told told;
    EXPECT_TRUE(told.is_due(7, now_ns));
    told.forget(7);
    EXPECT_TRUE(told.is_due(7, now_ns));
}

TEST(Told, IsBounded) {
    Told told;
    for (std::uint64_t id = 1; id < 5 * Told::most; ++id) {
        (void)told.is_due(id, now_ns);
        ASSERT_LE(told.size(), Told::most);
    }
}

}  // namespace
}  // namespace rqs
