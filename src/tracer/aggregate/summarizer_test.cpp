// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/summarizer.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "aggregate/report_for_test.h"

namespace rqs {
namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t began = 77 * second + 5;

class SummarizerTest : public testing::Test {
  protected:
    void start(std::optional<double> interval_s, GroupBy by = GroupBy::process,
               bool sampled = false) {
        summarizer_.emplace(by, interval_s,
                            [this](const SummaryReport& report) { reports.push_back(report); });
        RunInfo info;
        info.began_ns = began;
        info.cpus = 1;
        info.runs_kept = 64;
        info.sampled = sampled;
        summarizer_->begin(info);
    }

    /// A wait that ends so long after the beginning, all of it for one run of pid 20.
    void wait(std::uint64_t after_ns, std::uint64_t wait_ns = 100) {
        summarizer_->ran({0, position_, wait_ns, {20, 20, Comm::from("hog")}, 0, 0});
        Wait wait;
        wait.ts_ns = began + after_ns;
        wait.wait_ns = wait_ns;
        wait.task = {10, 10, Comm::from("victim")};
        wait.sums.contention_ns = wait_ns;
        wait.stretches = {{position_, position_, wait_ns, 0}};
        ++position_;
        summarizer_->wait(wait);
    }
    void end(std::uint64_t after_ns, std::uint64_t left_out = 0) {
        RunEnd end;
        end.ended_ns = began + after_ns;
        end.counters.left_out = left_out;
        summarizer_->end(end);
    }

    std::optional<Summarizer> summarizer_;
    std::vector<SummaryReport> reports;
    std::uint64_t position_ = 0;
};

TEST_F(SummarizerTest, WithoutIntervalsThereIsOneReport) {
    start(std::nullopt);
    wait(1 * second);
    wait(2 * second, 300);
    summarizer_->loss({0, began, began + 1, 17});
    end(3 * second, 4);
    ASSERT_EQ(reports.size(), 1U);
    report_for_test::expect_conserved(reports[0]);
    EXPECT_TRUE(reports[0].last);
    EXPECT_EQ(reports[0].ts_ns, began + 3 * second);
    EXPECT_EQ(reports[0].duration_ns, 3 * second);
    EXPECT_EQ(reports[0].waits, 2U);
    EXPECT_EQ(reports[0].lost, 17U);
    EXPECT_EQ(reports[0].left_out, 4U);
    EXPECT_EQ(reports[0].culprits.at(0).who.id, 20U);
    EXPECT_EQ(reports[0].culprits.at(0).ns, 400U);
}

TEST_F(SummarizerTest, CutsAtMultiplesByTheTimeOfEvents) {
    start(0.5);
    wait(1);
    wait(second / 2 - 1);
    EXPECT_TRUE(reports.empty());
    wait(second / 2);  // the next one's first moment
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_FALSE(reports[0].last);
    EXPECT_EQ(reports[0].waits, 2U);
    EXPECT_EQ(reports[0].ts_ns, began + second / 2);
    EXPECT_EQ(reports[0].duration_ns, second / 2);
    wait(2 * second + 7);
    ASSERT_EQ(reports.size(), 4U);
    EXPECT_EQ(reports[1].waits, 1U);
    EXPECT_EQ(reports[2].waits, 0U);  // nothing happened: a report all the same
    EXPECT_EQ(reports[3].waits, 0U);
    EXPECT_EQ(reports[3].ts_ns, began + 2 * second);
    end(2 * second + 100);
    ASSERT_EQ(reports.size(), 6U);
    EXPECT_FALSE(reports[4].last);
    EXPECT_EQ(reports[4].waits, 1U);
    EXPECT_EQ(reports[4].duration_ns, 100U);
    EXPECT_TRUE(reports[5].last);
    EXPECT_EQ(reports[5].waits, 4U);
    for (const auto& report : reports) {
        report_for_test::expect_conserved(report);
    }
}

TEST_F(SummarizerTest, TimeThatPassesWithoutEventsCutsToo) {
    start(1);
    summarizer_->reached(began + second - 1);
    EXPECT_TRUE(reports.empty());
    summarizer_->reached(began + second);
    EXPECT_EQ(reports.size(), 1U);
    summarizer_->reached(began + second);
    summarizer_->reached(0);
    EXPECT_EQ(reports.size(), 1U);
}

TEST_F(SummarizerTest, AnUnfinishedIntervalWithoutWaitsIsNotReported) {
    start(1);
    wait(1);
    end(second + 500);
    ASSERT_EQ(reports.size(), 2U);
    EXPECT_EQ(reports[0].ts_ns, began + second);
    EXPECT_TRUE(reports[1].last);
}

TEST_F(SummarizerTest, AWaitOverTheBoundaryCountsWhollyWhereItEnds) {
    start(1);
    for (std::uint64_t i = 0; i < 6; ++i) {
        summarizer_->ran({0, i, 100, {20, 20, Comm::from("hog")}, 0, 0});
    }
    summarizer_->reached(began + second);
    Wait wait;
    wait.ts_ns = began + second + 1;
    wait.wait_ns = 600;
    wait.task = {10, 10, Comm::from("victim")};
    wait.sums.contention_ns = 600;
    wait.stretches = {{0, 5, 100, 100}};
    summarizer_->wait(wait);
    end(second + 2);
    ASSERT_EQ(reports.size(), 3U);
    EXPECT_EQ(reports[0].wait_ns, 0U);
    for (const std::size_t i : {1U, 2U}) {
        EXPECT_EQ(reports[i].culprits.at(0).who.id, 20U);
        EXPECT_EQ(reports[i].culprits.at(0).ns, 600U);
    }
}

TEST_F(SummarizerTest, LossesCountWhereTheyBegan) {
    start(1);
    summarizer_->loss({0, began + second - 1, began + second + 1, 3});
    summarizer_->loss({0, began + second, began + second + 1, 4});
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].lost, 3U);
    end(second + 10);
    EXPECT_EQ(reports.back().lost, 7U);
}

TEST_F(SummarizerTest, ASampleBelongsWhereMostOfItLies) {
    start(1, GroupBy::process, true);
    Interval sample;
    sample.ts_ns = began + second + 300;  // taken a little late
    sample.interval_ns = second;
    sample.task = {10, 10, Comm::from("victim")};
    sample.waits = 5;
    sample.wait_ns = 700;
    summarizer_->interval(sample);
    EXPECT_TRUE(reports.empty());
    summarizer_->reached(began + second + 300);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_TRUE(reports[0].sampled);
    EXPECT_EQ(reports[0].waits, 5U);
}

TEST_F(SummarizerTest, AsksForTheNamesThatItShows) {
    start(std::nullopt, GroupBy::cgroup);
    EXPECT_TRUE(summarizer_->needs().stretches);
    EXPECT_FALSE(summarizer_->needs().parts);
    EXPECT_TRUE(summarizer_->needs().cgroup_names);
    EXPECT_FALSE(summarizer_->needs().process_names);
    start(std::nullopt, GroupBy::parent);
    EXPECT_TRUE(summarizer_->needs().process_names);
    start(std::nullopt, GroupBy::comm);
    EXPECT_FALSE(summarizer_->needs().process_names);
}

}  // namespace
}  // namespace rqs
