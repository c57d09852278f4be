// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/thread_times.h"

#include <gtest/gtest.h>

namespace rqs {
namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint32_t same_entry = 8192;

Wait wait(std::uint32_t tid, std::uint64_t ts_ns, std::uint64_t run_delay_ns,
          std::uint64_t runtime_ns) {
    Wait wait;
    wait.task.tid = tid;
    wait.task.pid = 1;
    wait.ts_ns = ts_ns;
    wait.wait_ns = 5;
    wait.run_delay_ns = run_delay_ns;
    wait.runtime_ns = runtime_ns;
    return wait;
}

void expect_spent(const ThreadTimes::Spent& spent, std::uint64_t ran_ns, std::uint64_t waited_ns) {
    EXPECT_EQ(spent.ran_ns, ran_ns);
    EXPECT_EQ(spent.waited_ns, waited_ns);
}

TEST(ThreadTimes, TheFirstWaitAloneThenDifferences) {
    ThreadTimes times;
    expect_spent(times.since_last(wait(7, 10, 100, 1000)), 0, 5);
    expect_spent(times.since_last(wait(7, 20, 130, 1700)), 700, 30);
    expect_spent(times.since_last(wait(8, 20, 1, 1)), 0, 5);
}

TEST(ThreadTimes, WhatWasNotToldIsNotKnown) {
    ThreadTimes times;
    expect_spent(times.since_last(wait(7, 10, 0, 0)), 0, 0);
    expect_spent(times.since_last(wait(7, 20, 130, 1700)), 0, 5);
}

TEST(ThreadTimes, ATidThatIsUsedAgainStartsAnew) {
    ThreadTimes times;
    times.since_last(wait(7, 10, 100, 1000));
    expect_spent(times.since_last(wait(7, 20, 50, 10)), 0, 5);
    expect_spent(times.since_last(wait(7, 30, 60, 30)), 20, 10);
}

TEST(ThreadTimes, AWaitThatComesLateCountsNothingTwice) {
    ThreadTimes times;
    times.since_last(wait(7, 10, 100, 1000));
    times.since_last(wait(7, 30, 300, 3000));
    expect_spent(times.since_last(wait(7, 20, 200, 2000)), 0, 0);
    expect_spent(times.since_last(wait(7, 40, 400, 4000)), 1000, 100);
}

TEST(ThreadTimes, OfTwoThatShareAnEntryOneIsTrueAndTheOtherNotKnown) {
    ThreadTimes times;
    times.since_last(wait(7, 10, 100, 1000));
    expect_spent(times.since_last(wait(7 + same_entry, 20, 100, 1000)), 0, 0);
    expect_spent(times.since_last(wait(7, 30, 200, 2000)), 1000, 100);
    // The first is gone for a second.
    expect_spent(times.since_last(wait(7 + same_entry, 31 + second, 300, 3000)), 0, 5);
    expect_spent(times.since_last(wait(7 + same_entry, 40 + second, 310, 3100)), 100, 10);
}

}  // namespace
}  // namespace rqs
