// SPDX-License-Identifier: BSD-2-Clause
#include "sources/order.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

#include "util/clock.h"

namespace rqs {
namespace {

class Taker final : public EventHandler {
  public:
    bool on_wait(Wait& wait) override {
        times.push_back(wait.ts_ns);
        cpus.push_back(wait.cpu);
        return times.size() < limit;
    }
    bool on_stuck(const Stuck& stuck) override {
        times.push_back(stuck.ts_ns);
        return true;
    }
    bool on_interval(const Interval& /*interval*/) override { return false; }

    std::size_t limit = SIZE_MAX;
    std::vector<std::uint64_t> times;
    std::vector<std::uint32_t> cpus;
};

void put(WaitOrder& order, std::uint64_t ts_ns, std::uint32_t cpu = 0) {
    Wait& wait = order.next();
    wait.ts_ns = ts_ns;
    wait.cpu = cpu;
    order.commit();
}

using Times = std::vector<std::uint64_t>;

TEST(WaitOrder, HandsOnOldestFirst) {
    WaitOrder order;
    Taker taker;
    for (const std::uint64_t ts_ns : {30U, 10U, 20U, 5U}) {
        put(order, ts_ns);
    }
    EXPECT_EQ(order.size(), 4U);
    EXPECT_EQ(order.release(UINT64_MAX, taker), 4U);
    EXPECT_EQ(taker.times, (Times{5, 10, 20, 30}));
    EXPECT_EQ(order.size(), 0U);
    EXPECT_EQ(order.late(), 0U);
    EXPECT_EQ(order.release(UINT64_MAX, taker), 0U);
}

TEST(WaitOrder, WhatWaitsStillStandsAmongTheWaits) {
    WaitOrder order;
    Taker taker;
    put(order, 30);
    put(order, 10);
    for (const std::uint64_t ts_ns : {20U, 40U}) {
        Stuck stuck;
        stuck.ts_ns = ts_ns;
        order.add(stuck);
    }
    EXPECT_EQ(order.release(35, taker), 2U);
    EXPECT_EQ(taker.times, (Times{10, 20, 30}));
    EXPECT_EQ(order.release(UINT64_MAX, taker), 0U);
    EXPECT_EQ(taker.times, (Times{10, 20, 30, 40}));
}

TEST(WaitOrder, HoldsBackWhatMayStillBeOvertaken) {
    WaitOrder order;
    Taker taker;
    put(order, 10);
    put(order, 20);
    put(order, 21);
    EXPECT_EQ(order.release(20, taker), 2U);
    EXPECT_EQ(order.size(), 1U);
    put(order, 20);  // as old as the newest that went: not late
    EXPECT_EQ(order.release(25, taker), 2U);
    EXPECT_EQ(taker.times, (Times{10, 20, 20, 21}));
    EXPECT_EQ(order.late(), 0U);
}

TEST(WaitOrder, EqualTimesKeepTheirOrder) {
    WaitOrder order;
    Taker taker;
    put(order, 10, 1);
    put(order, 10, 2);
    put(order, 10, 3);
    order.release(10, taker);
    EXPECT_EQ(taker.cpus, (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST(WaitOrder, CountsWhatComesTooLate) {
    WaitOrder order;
    Taker taker;
    put(order, 100);
    order.release(100, taker);
    put(order, 90);
    put(order, 95);
    put(order, 110);
    EXPECT_EQ(order.release(200, taker), 3U);
    EXPECT_EQ(taker.times, (Times{100, 90, 95, 110}));
    EXPECT_EQ(order.late(), 2U);
}

TEST(WaitOrder, DropsEverythingOnceRefused) {
    WaitOrder order;
    Taker taker;
    taker.limit = 2;
    for (std::uint64_t ts_ns = 1; ts_ns <= 5; ++ts_ns) {
        put(order, ts_ns);
    }
    EXPECT_EQ(order.release(4, taker), 2U);
    EXPECT_EQ(order.size(), 1U);
    put(order, 6);
    EXPECT_EQ(order.release(UINT64_MAX, taker), 0U);
    EXPECT_EQ(order.size(), 0U);
    EXPECT_EQ(taker.times, (Times{1, 2}));
}

TEST(WaitOrder, AWaitThatIsNotCommittedIsTheNextAgain) {
    WaitOrder order;
    Wait* const first = &order.next();
    EXPECT_EQ(first, &order.next());
    order.commit();
    EXPECT_NE(first, &order.next());
    EXPECT_EQ(order.size(), 1U);
}

TEST(WaitOrder, UsesStorageAgain) {
    WaitOrder order;
    Taker taker;
    std::set<const Wait*> places;
    for (std::uint64_t round = 0; round < 50; ++round) {
        for (std::uint64_t i = 0; i < 4; ++i) {
            Wait& wait = order.next();
            places.insert(&wait);
            wait.ts_ns = round * 10 + i;
            order.commit();
        }
        order.release(UINT64_MAX, taker);
    }
    EXPECT_EQ(places.size(), 4U);
    EXPECT_EQ(taker.times.size(), 200U);
}

TEST(Monotonic, GoesForward) {
    const std::uint64_t before = util::monotonic_ns();
    EXPECT_GT(before, 0U);
    EXPECT_GE(util::monotonic_ns(), before);
}

}  // namespace
}  // namespace rqs
