// SPDX-License-Identifier: BSD-2-Clause
#include "sources/schedstat.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "util/folder_for_test.h"

namespace rqs {
namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t s = 1000 * ms;

class Taker : public RecordHandler {
  public:
    void on_interval(const Interval& interval) override { intervals.push_back(interval); }
    void on_clock(const ClockReading& reading) override { clocks.push_back(reading); }
    void on_reached(std::uint64_t now_ns) override { reached_ns = now_ns; }
    [[nodiscard]] bool done() const override { return intervals.size() >= limit; }
    /// The one interval of a thread, if there is just one.
    [[nodiscard]] std::optional<Interval> only(std::uint32_t tid) const {
        std::optional<Interval> found;
        for (const Interval& interval : intervals) {
            if (interval.task.tid == tid) {
                EXPECT_FALSE(found) << "two intervals of " << tid;
                found = interval;
            }
        }
        return found;
    }
    std::vector<Interval> intervals;
    std::vector<ClockReading> clocks;
    std::uint64_t reached_ns = 0;
    std::size_t limit = SIZE_MAX;
};

struct FakeThread {
    std::uint32_t pid = 0;
    std::uint32_t tid = 0;
    util::SchedStat sums;
    std::string comm = "task";
    std::uint32_t ppid = 1;
    std::uint64_t start_ticks = 5;
};

/// A /proc in a directory and a clock that stands.
class Schedstat : public ::testing::Test {
  protected:
    Schedstat() {
        std::filesystem::create_directories(root_ / "self");
        std::ofstream(root_ / "self" / "schedstat") << "100 100 1\n";
        std::ofstream(root_ / "self" / "stat") << "1 (x) R 0\n";
        options_.min_us = 10000;
    }
    void put(const FakeThread& thread) const {
        const auto leader = root_ / std::to_string(thread.pid);
        const auto dir = leader / "task" / std::to_string(thread.tid);
        std::filesystem::create_directories(dir);
        for (const auto& where : {dir, root_ / std::to_string(thread.tid)}) {
            std::filesystem::create_directories(where);
            std::ofstream(where / "schedstat") << fmt::format(
                "{} {} {}\n", thread.sums.run_ns, thread.sums.wait_ns, thread.sums.slices);
            std::ofstream(where / "comm") << thread.comm << "\n";
            std::ofstream(where / "status") << "Tgid:\t" << thread.pid << "\n";
            std::ofstream(where / "stat")
                << fmt::format("{} ({}) S {} 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 {} 1 2\n",
                               thread.tid, thread.comm, thread.ppid, thread.start_ticks);
        }
    }
    void remove(std::uint32_t pid) const {
        std::filesystem::remove_all(root_ / std::to_string(pid));
    }

    SchedstatSource make(std::optional<std::uint32_t> ancestor = std::nullopt) {
        return {options_,
                {util::Procfs(root_), ancestor, [this] { return now_ns_; },
                 [this] { return now_ns_; }}};
    }
    /// Lets an interval pass and reads.
    void next(SchedstatSource& source) {
        now_ns_ += s;
        ASSERT_TRUE(source.poll(std::chrono::milliseconds(0), taker_));
    }

    util::FolderForTest temporary_;
    std::filesystem::path root_ = temporary_.path();
    SourceOptions options_;
    std::uint64_t now_ns_ = 1000 * s;
    Taker taker_;
};

TEST_F(Schedstat, ReportsWhatWasWaitedWithoutBeingSwitchedIn) {
    put({100, 100, {5 * s, 7 * s, 900}, "moved"});
    put({200, 200, {5 * s, 7 * s, 900}, "still"});
    auto source = make();
    ASSERT_TRUE(source.start());
    put({100, 100, {5 * s, 7 * s + 200 * ms, 900}, "moved"});
    next(source);
    ASSERT_EQ(taker_.intervals.size(), 1U);
    const auto got = taker_.only(100);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->waits, 0U);
    EXPECT_EQ(got->wait_ns, 200 * ms);
    // And it is not counted again when the thread is switched in at last.
    put({100, 100, {5 * s, 7 * s + 250 * ms, 901}, "moved"});
    next(source);
    ASSERT_EQ(taker_.intervals.size(), 2U);
    EXPECT_EQ(taker_.intervals[1].waits, 1U);
    EXPECT_EQ(taker_.intervals[1].wait_ns, 50 * ms);
}

TEST_F(Schedstat, LeavesItselfOutUnlessAskedFor) {
    std::filesystem::remove_all(root_ / "self");
    std::filesystem::create_symlink("100", root_ / "self");
    const auto sees_itself = [&] {
        put({100, 100, {5 * s, 7 * s, 900}, "runqslower"});
        auto source = make();
        EXPECT_TRUE(source.start());
        put({100, 100, {5 * s, 8 * s, 901}, "runqslower"});
        taker_.intervals.clear();
        next(source);
        return taker_.only(100).has_value();
    };
    EXPECT_FALSE(sees_itself());
    options_.self = true;
    EXPECT_TRUE(sees_itself());
    options_.self = false;
    options_.filters.pids = {100};
    EXPECT_TRUE(sees_itself()) << "named";
    options_.filters = {};
    options_.filters.tids = {100};
    EXPECT_TRUE(sees_itself()) << "named";
}

TEST_F(Schedstat, SaysOnceHowMuchCannotBeReadWhenAskedTo) {
    std::filesystem::create_directories(root_ / "300");  // a process without its threads: hidden
    for (const bool verbose : {false, true}) {
        options_.verbose = verbose;
        auto source = make();
        ::testing::internal::CaptureStderr();
        EXPECT_TRUE(source.start());
        next(source);
        const std::string said = ::testing::internal::GetCapturedStderr();
        EXPECT_EQ(source.unreadable(), 1U);
        EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), verbose ? 1 : 0) << said;
        EXPECT_EQ(said.find("1 tasks cannot be read") != std::string::npos, verbose) << said;
    }
}

TEST_F(Schedstat, ReportsWhatWasWaitedInTheInterval) {
    put({100, 100, {5 * s, 7 * s, 900}, "web"});
    auto source = make();
    ASSERT_TRUE(source.start());
    EXPECT_TRUE(source.samples());
    put({100, 100, {5 * s + 300 * ms, 7 * s + 200 * ms, 920}, "web"});
    next(source);
    ASSERT_EQ(taker_.intervals.size(), 1U);
    const Interval& got = taker_.intervals[0];
    EXPECT_EQ(got.task.tid, 100U);
    EXPECT_EQ(got.task.pid, 100U);
    EXPECT_EQ(got.task.comm.view(), "web");
    EXPECT_EQ(got.waits, 20U);
    EXPECT_EQ(got.wait_ns, 200 * ms);
    EXPECT_EQ(got.run_ns, 300 * ms);
    EXPECT_EQ(got.interval_ns, s);
    EXPECT_EQ(got.ts_ns, now_ns_);
    EXPECT_EQ(source.counters().seen, 20U);
    EXPECT_EQ(source.counters().kept, 20U);

    next(source);  // nothing happened
    EXPECT_EQ(taker_.intervals.size(), 1U);
}

TEST_F(Schedstat, WaitsForItsInterval) {
    put({100, 100, {0, 0, 1}});
    auto source = make();
    ASSERT_TRUE(source.start());
    put({100, 100, {0, 50 * ms, 2}});
    now_ns_ += s - 1;
    ASSERT_TRUE(source.poll(std::chrono::milliseconds(0), taker_));
    EXPECT_TRUE(taker_.intervals.empty());
    now_ns_ += 1;
    ASSERT_TRUE(source.poll(std::chrono::milliseconds(0), taker_));
    EXPECT_EQ(taker_.intervals.size(), 1U);
}

TEST_F(Schedstat, SaysHowFarItHasComeAndWhatTimeItIs) {
    auto source = make();
    ASSERT_TRUE(source.start());
    EXPECT_EQ(source.now_ns(), now_ns_);
    ASSERT_TRUE(source.poll(std::chrono::milliseconds(0), taker_));
    EXPECT_EQ(taker_.reached_ns, 0U) << "nothing was read yet";
    ASSERT_EQ(taker_.clocks.size(), 1U);
    next(source);
    EXPECT_EQ(taker_.reached_ns, now_ns_);
    EXPECT_EQ(taker_.clocks.size(), 2U);
    EXPECT_EQ(taker_.clocks[1].ts_ns, now_ns_);
}

TEST_F(Schedstat, ThresholdIsOnTheSum) {
    for (const std::uint32_t pid : {100U, 101U, 102U}) {
        put({pid, pid, {0, 0, 1}});
    }
    auto source = make();
    ASSERT_TRUE(source.start());
    put({100, 100, {0, 10 * ms, 3}});       // exactly the threshold: not longer
    put({101, 101, {0, 10 * ms + 1, 50}});  // many short waits
    put({102, 102, {0, 0, 4}});
    next(source);
    EXPECT_FALSE(taker_.only(100));
    EXPECT_TRUE(taker_.only(101));
    EXPECT_FALSE(taker_.only(102));
    EXPECT_EQ(source.counters().seen, 2U + 49U + 3U);
    EXPECT_EQ(source.counters().kept, 49U);
}

TEST_F(Schedstat, ZeroKeepsEveryWait) {
    options_.min_us = 0;
    put({100, 100, {0, 0, 1}});
    put({101, 101, {0, 0, 1}});
    auto source = make();
    ASSERT_TRUE(source.start());
    put({100, 100, {0, 0, 2}});
    next(source);
    EXPECT_TRUE(taker_.only(100));
    EXPECT_FALSE(taker_.only(101));
}

TEST_F(Schedstat, NewThreadsCountFromBirthOldOnesDoNot) {
    auto source = make();
    ASSERT_TRUE(source.start());
    const std::uint64_t now_ticks = now_ns_ / (s / static_cast<unsigned>(::sysconf(_SC_CLK_TCK)));
    put({200, 200, {0, 30 * ms, 3}, "new", 1, now_ticks + 1});
    put({201, 201, {0, 30 * ms, 3}, "old", 1, now_ticks - 1});
    next(source);
    ASSERT_TRUE(taker_.only(200));
    EXPECT_EQ(taker_.only(200)->waits, 3U);
    EXPECT_EQ(taker_.only(200)->interval_ns, s);
    EXPECT_FALSE(taker_.only(201));
    put({201, 201, {0, 50 * ms, 4}, "old", 1, now_ticks - 1});
    next(source);
    ASSERT_TRUE(taker_.only(201));
    EXPECT_EQ(taker_.only(201)->wait_ns, 20 * ms);
}

TEST_F(Schedstat, ReusedIdIsANewThread) {
    put({100, 100, {9 * s, 9 * s, 900}, "old"});
    auto source = make();
    ASSERT_TRUE(source.start());
    const std::uint64_t now_ticks = now_ns_ / (s / static_cast<unsigned>(::sysconf(_SC_CLK_TCK)));
    remove(100);
    std::filesystem::create_directories(root_ / "filler");  // takes the freed inode
    put({100, 100, {10 * s, 10 * s, 901}, "new", 1, now_ticks + 50});
    next(source);
    ASSERT_TRUE(taker_.only(100));
    EXPECT_EQ(taker_.only(100)->wait_ns, 10 * s);
    EXPECT_EQ(taker_.only(100)->task.comm.view(), "new");
}

TEST_F(Schedstat, SumsThatShrinkAreNeverHuge) {
    put({100, 100, {9 * s, 9 * s, 900}});
    auto source = make();
    ASSERT_TRUE(source.start());
    put({100, 100, {1 * s, 10 * s, 901}});
    next(source);
    put({100, 100, {2 * s, 1 * s, 902}});
    next(source);
    EXPECT_TRUE(taker_.intervals.empty());
    put({100, 100, {2 * s, 1 * s + 40 * ms, 903}});
    next(source);
    ASSERT_TRUE(taker_.only(100));
    EXPECT_EQ(taker_.only(100)->wait_ns, 40 * ms);
}

TEST_F(Schedstat, EndedThreadsAreForgotten) {
    put({100, 100, {0, 0, 1}});
    put({101, 101, {0, 0, 1}});
    auto source = make();
    ASSERT_TRUE(source.start());
    EXPECT_EQ(source.threads(), 2U);
    remove(101);
    next(source);
    EXPECT_EQ(source.threads(), 1U);
    EXPECT_TRUE(taker_.intervals.empty());
}

TEST_F(Schedstat, Filters) {
    const auto victims = [this](const Filters& filters) {
        options_.filters = filters;
        taker_.intervals.clear();
        for (const char* id : {"100", "200", "300"}) {
            std::filesystem::remove_all(root_ / id);
        }
        put({100, 100, {0, 0, 1}, "web"});
        put({200, 200, {0, 0, 1}, "webber"});
        put({300, 300, {0, 0, 1}, "db"});
        auto source = make();
        EXPECT_TRUE(source.start());
        put({100, 100, {0, 50 * ms, 3}, "web"});
        put({200, 200, {0, 50 * ms, 3}, "webber"});
        put({300, 300, {0, 50 * ms, 3}, "db"});
        next(source);
        std::vector<std::uint32_t> tids;
        for (const Interval& interval : taker_.intervals) {
            tids.push_back(interval.task.tid);
        }
        std::sort(tids.begin(), tids.end());
        EXPECT_EQ(source.counters().seen, 2 * tids.size());
        return tids;
    };
    using Ids = std::vector<std::uint32_t>;
    Filters filters;
    EXPECT_EQ(victims(filters), (Ids{100, 200, 300}));
    filters.pids = {100, 300};
    EXPECT_EQ(victims(filters), (Ids{100, 300}));
    filters.comm_prefix = "web";
    EXPECT_EQ(victims(filters), (Ids{100}));
    filters.pids.clear();
    EXPECT_EQ(victims(filters), (Ids{100, 200}));
    filters.tids = {200, 300};
    EXPECT_EQ(victims(filters), (Ids{200}));
    filters.pids = {300};
    EXPECT_EQ(victims(filters), (Ids{}));
    filters.comm_prefix.clear();
    EXPECT_EQ(victims(filters), (Ids{300}));
}

TEST_F(Schedstat, ThreadFilterTakesOneThreadOfAProcess) {
    options_.filters.tids = {101};
    put({100, 100, {0, 0, 1}});
    put({100, 101, {0, 0, 1}});
    auto source = make();
    ASSERT_TRUE(source.start());
    put({100, 100, {0, 50 * ms, 3}});
    put({100, 101, {0, 60 * ms, 4}});
    next(source);
    ASSERT_EQ(taker_.intervals.size(), 1U);
    EXPECT_EQ(taker_.intervals[0].task.tid, 101U);
    EXPECT_EQ(taker_.intervals[0].task.pid, 100U);
}

TEST_F(Schedstat, CommandMeansItsDescendants) {
    put({100, 100, {0, 0, 1}, "tracer"});
    put({50, 50, {0, 0, 1}, "bystander"});
    auto source = make(100);
    ASSERT_TRUE(source.start());
    const std::uint64_t now_ticks = now_ns_ / (s / static_cast<unsigned>(::sysconf(_SC_CLK_TCK)));
    // The command's id is below the tracer's, and its child's below its own.
    put({100, 100, {0, 50 * ms, 2}, "tracer"});
    put({50, 50, {0, 50 * ms, 2}, "bystander"});
    put({60, 60, {0, 50 * ms, 2}, "command", 100, now_ticks + 1});
    put({40, 40, {0, 50 * ms, 2}, "child", 60, now_ticks + 1});
    next(source);
    EXPECT_FALSE(taker_.only(100));
    EXPECT_TRUE(taker_.only(60));
    EXPECT_TRUE(taker_.only(40));
    EXPECT_FALSE(taker_.only(50));
    // The command ends, its child gets another parent and stays.
    remove(60);
    put({40, 40, {0, 90 * ms, 3}, "child", 1, now_ticks + 1});
    taker_.intervals.clear();
    next(source);
    EXPECT_TRUE(taker_.only(40));
}

TEST_F(Schedstat, StopsWhenNoMoreIsWanted) {
    taker_.limit = 1;
    put({100, 100, {0, 0, 1}});
    put({101, 101, {0, 0, 1}});
    auto source = make();
    ASSERT_TRUE(source.start());
    put({100, 100, {0, 50 * ms, 2}});
    put({101, 101, {0, 50 * ms, 2}});
    next(source);
    EXPECT_EQ(taker_.intervals.size(), 1U);
    EXPECT_EQ(source.counters().kept, 1U);
}

TEST_F(Schedstat, FinishHandsOnTheLastInterval) {
    put({100, 100, {0, 0, 1}});
    auto source = make();
    ASSERT_TRUE(source.start());
    put({100, 100, {0, 50 * ms, 2}});
    now_ns_ += 300 * ms;
    ASSERT_TRUE(source.finish(taker_));
    ASSERT_TRUE(taker_.only(100));
    EXPECT_EQ(taker_.only(100)->interval_ns, 300 * ms);
}

TEST_F(Schedstat, UnreadableFilesDoNotStopIt) {
    put({100, 100, {0, 0, 1}});
    std::filesystem::create_directories(root_ / "101" / "task" / "101");
    std::filesystem::create_directories(root_ / "102");
    std::filesystem::create_directories(root_ / "103" / "task" / "103");
    std::ofstream(root_ / "103" / "task" / "103" / "schedstat") << "nonsense\n";
    auto source = make();
    ASSERT_TRUE(source.start());
    put({100, 100, {0, 50 * ms, 2}});
    next(source);
    EXPECT_TRUE(taker_.only(100));
    EXPECT_EQ(source.unreadable(), 1U);  // 102 is there but shows no threads
}

TEST_F(Schedstat, SaysWhyItCannot) {
    std::ofstream(root_ / "self" / "schedstat") << "0 0 0\n";
    Status status = make().start();
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find("delayacct"), std::string::npos);
    std::filesystem::remove(root_ / "self" / "schedstat");
    status = make().start();
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find("CONFIG_SCHED_INFO"), std::string::npos);
    std::filesystem::remove_all(root_ / "self");
    status = make().start();
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find("mount"), std::string::npos);
    EXPECT_EQ(status.error().code, ExitCode::failure);
}

TEST_F(Schedstat, RefusesWhatNeedsSingleWaits) {
    const auto refused = [this](const SourceOptions& options, const std::string& option) {
        options_ = options;
        const Status status = make().start();
        ASSERT_FALSE(status) << option;
        EXPECT_EQ(status.error().code, ExitCode::usage);
        EXPECT_EQ(status.error().message.find(option + " needs"), 0U) << status.error().message;
    };
    SourceOptions options;
    options.waker = true;
    refused(options, "--waker");
    options.stuck = true;
    refused(options, "--stuck");
    options.filters.mntns_map = "/map";
    refused(options, "--mntnsmap");
    options.filters.cgroup_map = "/map";
    refused(options, "--cgroupmap");
    options.filters.cgroup_path = "/a";
    refused(options, "--cgroup");
    options.filters.cpus = {0};
    refused(options, "--cpu");
}

}  // namespace
}  // namespace rqs
