// SPDX-License-Identifier: BSD-2-Clause
#include "consumers/reporter.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "aggregate/report_for_test.h"

namespace rqs {
namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t began = 77 * second;

class ReporterTest : public testing::Test {
  protected:
    void start(GroupBy by = GroupBy::process) {
        reporter.emplace(by);
        RunInfo info;
        info.began_ns = began;
        info.realtime_offset_ns = 5;
        info.min_us = 3;
        info.cpus = 1;
        info.runs_kept = 64;
        info.names = &names;
        reporter->begin(info);
    }

    /// A wait of this thread for one run of process 20.
    void wait(std::uint32_t tid, std::uint64_t wait_ns) {
        reporter->ran({0, position_, wait_ns, {20, 20, Comm::from("hog")}, 0, 0});
        Wait wait;
        wait.ts_ns = began + position_ + 1;
        wait.wait_ns = wait_ns;
        wait.task = {tid, tid, Comm::from("worker")};
        wait.sched_cgroup_id = 41;
        wait.sums.contention_ns = wait_ns;
        wait.stretches = {{position_, position_, wait_ns, 0}};
        ++position_;
        reporter->wait(wait);
    }

    RecordingReport end() {
        RunEnd end;
        end.ended_ns = began + 2 * second;
        end.counters.left_out = 4;
        reporter->end(end);
        return reporter->take_report();
    }

    KnownNames names;
    std::optional<Reporter> reporter;
    std::uint64_t position_ = 0;
};

TEST_F(ReporterTest, AddsUpARecording) {
    start();
    wait(10, 100);
    wait(11, 5'000'000);
    reporter->ran({0, position_, 1, {}, 0, 0});
    reporter->loss({0, began, began + 1, 17, LossReason::ring});
    reporter->loss({Loss::any_cpu, began, began + 1, 3, LossReason::damage});
    const RecordingReport report = end();
    report_for_test::expect_conserved(report.summary);
    EXPECT_EQ(report.from_ns, began);
    EXPECT_EQ(report.to_ns, began + 2 * second);
    EXPECT_EQ(report.realtime_offset_ns, 5);
    EXPECT_EQ(report.min_us, 3U);
    EXPECT_EQ(report.switches, 3U);
    EXPECT_EQ(report.summary.waits, 2U);
    EXPECT_EQ(report.summary.lost, 20U);
    EXPECT_EQ(report.summary.left_out, 4U);
    EXPECT_EQ(report.summary.duration_ns, 2 * second);
    EXPECT_EQ(report.lost(LossReason::ring), 17U);
    EXPECT_EQ(report.lost(LossReason::damage), 3U);
    EXPECT_EQ(report.lengths.count(0), 1U);
    ASSERT_EQ(report.worst.size(), 2U);
    EXPECT_EQ(report.worst[0].wait.task.tid, 11U);
}

TEST_F(ReporterTest, AddsUpWhatSharesAName) {
    start();
    for (std::uint32_t pid = 100; pid < 150; ++pid) {
        wait(pid, 1'000 + pid);
    }
    const RecordingReport report = end();
    ASSERT_TRUE(report.names.victim);
    EXPECT_EQ(report.names.victim->label, "worker");
    EXPECT_EQ(report.names.victim->members, 50U);
    EXPECT_EQ(report.names.victim->ns, report.summary.wait_ns);
    EXPECT_EQ(report.names.victim->largest.id, 149U);
    ASSERT_TRUE(report.names.culprit);
    EXPECT_EQ(report.names.culprit->members, 1U);
    EXPECT_EQ(report.names.culprit->largest.id, 20U);
    EXPECT_EQ(report.names.culprit->ns, report.summary.wait_ns);
}

TEST_F(ReporterTest, PartsAreWantedOfTheLongestAlone) {
    start();
    EXPECT_TRUE(reporter->needs().parts);
    EXPECT_TRUE(reporter->needs().stretches);
    EXPECT_EQ(reporter->needs().named_tasks, 6U);
    EXPECT_EQ(reporter->parts_from_ns(), 0U);
    for (std::uint64_t i = 1; i <= 20; ++i) {
        wait(10, i * 100);
    }
    EXPECT_EQ(reporter->parts_from_ns(), 1'101U);
}

TEST_F(ReporterTest, KeepsTheClockAndTheLimitsOfTheWorst) {
    names.learn(CgroupInfo{41, "/web", 20'000, 100'000, 41, "/web"});
    start();
    wait(10, 200);
    reporter->clock({began + 5, 700});
    wait(10, 100);
    const RecordingReport report = end();
    ASSERT_EQ(report.worst.size(), 2U);
    EXPECT_EQ(report.worst[0].realtime_offset_ns, 5);
    EXPECT_EQ(report.worst[1].realtime_offset_ns, 700);
    ASSERT_NE(report.worst_names.cgroup(41), nullptr);
    EXPECT_EQ(report.worst_names.cgroup(41)->path, "/web");
}

TEST_F(ReporterTest, NothingHappened) {
    start();
    const RecordingReport report = end();
    EXPECT_EQ(report.summary.waits, 0U);
    EXPECT_FALSE(report.names.victim);
    EXPECT_FALSE(report.names.culprit);
    EXPECT_TRUE(report.worst.empty());
}

}  // namespace
}  // namespace rqs
