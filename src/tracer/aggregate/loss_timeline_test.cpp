// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/loss_timeline.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>

namespace rqs {
namespace {

constexpr std::uint64_t ms = 1'000'000;

using Totals = std::array<std::uint64_t, 2>;

Totals by_reason(const std::vector<Loss>& losses) {
    Totals totals{};
    for (const Loss& loss : losses) {
        totals.at(static_cast<std::size_t>(loss.reason)) += loss.lost;
    }
    return totals;
}

TEST(LossTimeline, JoinsWhatFollowsClosely) {
    LossTimeline timeline;
    timeline.add({0, 1'000 * ms, 1'010 * ms, 5});
    timeline.add({1, 1'005 * ms, 1'015 * ms, 7});  // another CPU between them
    timeline.add({0, 1'020 * ms, 1'030 * ms, 3});
    timeline.add({0, 3'000 * ms, 3'010 * ms, 1});
    const auto losses = timeline.losses();
    ASSERT_EQ(losses.size(), 3U);
    EXPECT_EQ(losses[0].cpu, 0U);
    EXPECT_EQ(losses[0].from_ns, 1'000 * ms);
    EXPECT_EQ(losses[0].to_ns, 1'030 * ms);
    EXPECT_EQ(losses[0].lost, 8U);
    EXPECT_EQ(losses[1].cpu, 1U);
    EXPECT_EQ(losses[2].lost, 1U);
}

TEST(LossTimeline, KeepsReasonsApart) {
    LossTimeline timeline;
    timeline.add({0, 0, 1, 5, LossReason::ring});
    timeline.add({0, 1, 2, 7, LossReason::damage});
    ASSERT_EQ(timeline.losses().size(), 2U);
    EXPECT_EQ(by_reason(timeline.losses()), (Totals{5, 7}));
}

TEST(LossTimeline, IsBoundedAndForgetsNothing) {
    std::mt19937 random(1);
    for (const std::size_t most : {2U, 3U, 50U}) {
        LossTimeline timeline(most);
        Totals wanted{};
        std::uint64_t now_ns = 0;
        for (int i = 0; i < 5'000; ++i) {
            now_ns += random() % 2'000 * ms;
            const auto reason = random() % 2 == 0 ? LossReason::ring : LossReason::damage;
            const std::uint64_t lost = random() % 100;
            timeline.add({static_cast<std::uint32_t>(random() % 64), now_ns,
                          now_ns + random() % 10 * ms, lost, reason});
            wanted.at(static_cast<std::size_t>(reason)) += lost;
            ASSERT_LE(timeline.losses().size(), most);
        }
        const auto losses = timeline.losses();
        EXPECT_EQ(by_reason(losses), wanted);
        for (std::size_t i = 1; i < losses.size(); ++i) {
            EXPECT_LE(losses[i - 1].from_ns, losses[i].from_ns);
        }
    }
}

TEST(LossTimeline, TellsCpusApartForAsLongAsItCan) {
    LossTimeline timeline(10);
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        timeline.add({static_cast<std::uint32_t>(i % 2), i * 1'000 * ms, i * 1'000 * ms, 1});
    }
    for (const Loss& loss : timeline.losses()) {
        EXPECT_LT(loss.cpu, 2U);
    }
}

TEST(LossTimeline, TimesThatMakeNoSenseDoNoHarm) {
    LossTimeline timeline(2);
    timeline.add({0, UINT64_MAX, 0, 1});
    timeline.add({0, 0, UINT64_MAX, 2});
    timeline.add({1, 5, 4, 3});
    timeline.add({2, UINT64_MAX, UINT64_MAX, 4, LossReason::damage});
    EXPECT_EQ(by_reason(timeline.losses()), (Totals{6, 4}));
}

}  // namespace
}  // namespace rqs
