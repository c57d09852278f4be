// SPDX-License-Identifier: BSD-2-Clause
#include "sources/synthetic.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

namespace rqs {
namespace {

class Taker : public EventHandler {
  public:
    explicit Taker(std::size_t limit) : limit_(limit) {}
    bool on_wait(Wait& wait) override {
        waits.push_back(std::move(wait));
        return waits.size() < limit_;
    }
    bool on_stuck(const Stuck& /*stuck*/) override { return false; }
    bool on_interval(const Interval& /*interval*/) override { return false; }
    std::vector<Wait> waits;

  private:
    std::size_t limit_;
};

TEST(Synthetic, WaitsAreLikeReal) {
    Options options;
    options.min_us = 0;
    SyntheticSource source(options, 50);
    Taker taker(125);
    ASSERT_TRUE(source.start());
    ASSERT_TRUE(source.poll(std::chrono::milliseconds(0), taker));
    ASSERT_EQ(taker.waits.size(), 125U);
    std::set<std::size_t> part_counts;
    std::uint64_t last_ns = 0;
    for (const Wait& wait : taker.waits) {
        EXPECT_GT(wait.ts_ns, last_ns);
        last_ns = wait.ts_ns;
        std::uint64_t sum = 0;
        std::uint64_t previous = UINT64_MAX;
        for (const Part& part : wait.why) {
            sum += part.ns;
            EXPECT_LE(part.ns, previous);
            EXPECT_GT(part.ns, 0U);
            previous = part.ns;
        }
        EXPECT_EQ(sum, wait.wait_ns);
        part_counts.insert(wait.why.size());
    }
    EXPECT_EQ(part_counts, (std::set<std::size_t>{1, 2, 3, 4}));
    // A handler that moved the parts out does not empty the next round.
    EXPECT_EQ(taker.waits[7].why.size(), taker.waits[57].why.size());
    EXPECT_EQ(taker.waits[7].wait_ns, taker.waits[107].wait_ns);
    EXPECT_EQ(source.counters().seen, 125U);
    EXPECT_EQ(source.counters().kept, 125U);
    EXPECT_FALSE(source.samples());
    EXPECT_TRUE(source.finish(taker));
}

TEST(Synthetic, ShortWaitsAreCountedOnly) {
    Options options;
    options.min_us = 20000;
    SyntheticSource source(options, 50);
    Taker taker(100);
    ASSERT_TRUE(source.start());
    while (taker.waits.size() < 100) {
        ASSERT_TRUE(source.poll(std::chrono::milliseconds(0), taker));
    }
    for (const Wait& wait : taker.waits) {
        EXPECT_GT(wait.wait_ns, 20'000'000U);
    }
    EXPECT_GT(source.counters().seen, source.counters().kept);
    EXPECT_EQ(source.counters().kept, 100U);
}

}  // namespace
}  // namespace rqs
