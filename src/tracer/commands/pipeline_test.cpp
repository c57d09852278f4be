// SPDX-License-Identifier: BSD-2-Clause
#include "commands/pipeline.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rqs {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

/// Standard output goes into a file of its own until read() or the end.
class CapturedStdout {
  public:
    CapturedStdout() { ::testing::internal::CaptureStdout(); }
    CapturedStdout(const CapturedStdout&) = delete;
    CapturedStdout& operator=(const CapturedStdout&) = delete;
    ~CapturedStdout() {
        if (!read_) {
            ::testing::internal::GetCapturedStdout();
        }
    }
    std::string read() {
        read_ = true;
        return ::testing::internal::GetCapturedStdout();
    }

  private:
    bool read_ = false;
};

/// Standard output is `fd` for the lifetime of this.
class Redirected {
  public:
    explicit Redirected(int fd) : saved_(::dup(STDOUT_FILENO)) { ::dup2(fd, STDOUT_FILENO); }
    Redirected(const Redirected&) = delete;
    Redirected& operator=(const Redirected&) = delete;
    ~Redirected() {
        ::dup2(saved_, STDOUT_FILENO);
        ::close(saved_);
    }

  private:
    int saved_;
};

Wait wait_of(std::uint64_t wait_ns) {
    Wait wait;
    wait.ts_ns = 1'000'000 + wait_ns;
    wait.wait_ns = wait_ns;
    wait.task = {11, 10, Comm::from("victim")};
    wait.prev = {21, 20, Comm::from("hog")};
    Part part;
    part.kind = PartKind::ran;
    part.relation = Relation::foreign;
    part.task = wait.prev;
    part.ns = wait_ns;
    wait.why = {part};
    wait.cause = Cause::contention;
    return wait;
}

/// Hands on batches of made-up waits, one batch a poll.
class FakeSource final : public Source {
  public:
    explicit FakeSource(std::vector<std::size_t> batches) : batches_(std::move(batches)) {}

    Status start() override { return {}; }
    Status poll(std::chrono::milliseconds /*timeout*/, EventHandler& handler) override {
        const std::size_t size = at_ < batches_.size() ? batches_[at_++] : 0;
        for (std::size_t i = 0; i < size; ++i) {
            Wait wait = wait_of(++counters_.kept * 1000);
            if (!handler.on_wait(wait)) {
                break;
            }
        }
        return {};
    }
    Status finish(EventHandler& handler) override { return poll({}, handler); }
    [[nodiscard]] Counters counters() const override { return counters_; }
    [[nodiscard]] bool empty() const { return at_ >= batches_.size(); }

  private:
    std::vector<std::size_t> batches_;
    std::size_t at_ = 0;
    Counters counters_;
};

/// As commands/trace.cpp does it, until the source has no more.
void run(const Options& options, FakeSource& source) {
    Pipeline pipeline(options, false);
    pipeline.begin();
    ASSERT_TRUE(pipeline.flush());
    while (!pipeline.done() && !source.empty()) {
        ASSERT_TRUE(source.poll({}, pipeline));
        ASSERT_TRUE(pipeline.flush());
    }
    ASSERT_TRUE(source.finish(pipeline));
    ASSERT_TRUE(pipeline.end(source.counters()));
}

std::vector<json> lines_of(const std::string& text) {
    std::vector<json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(json::parse(line));
    }
    return lines;
}

std::vector<json> of_type(const std::vector<json>& lines, const std::string& type) {
    std::vector<json> found;
    for (const auto& line : lines) {
        if (line.at("type") == type) {
            found.push_back(line);
        }
    }
    return found;
}

Options json_options() {
    Options options;
    options.format = Format::json;
    return options;
}

TEST(Pipeline, PrintsEveryWaitAndTheSummary) {
    CapturedStdout captured;
    FakeSource source({2, 0, 3});
    run(json_options(), source);
    const auto lines = lines_of(captured.read());
    const auto waits = of_type(lines, "wait");
    ASSERT_EQ(waits.size(), 5U);
    EXPECT_EQ(waits[0].at("wait_ns"), 1000);
    EXPECT_EQ(waits[4].at("wait_ns"), 5000);
    EXPECT_EQ(lines.back().at("type"), "summary");
    EXPECT_EQ(lines.back().at("kept"), 5);
}

TEST(Pipeline, StopsAfterCount) {
    for (const std::uint64_t count : {1U, 3U, 4U, 7U}) {
        SCOPED_TRACE(count);
        CapturedStdout captured;
        Options options = json_options();
        options.count = count;
        FakeSource source({3, 2, 9, 9});
        run(options, source);
        const auto lines = lines_of(captured.read());
        EXPECT_EQ(of_type(lines, "wait").size(), count);
        EXPECT_EQ(of_type(lines, "summary").size(), 1U);
    }
}

TEST(Pipeline, WhatComesWithTheEndIsPrinted) {
    CapturedStdout captured;
    const Options options = json_options();
    Pipeline pipeline(options, false);
    FakeSource source({4});
    pipeline.begin();
    ASSERT_TRUE(source.finish(pipeline));
    ASSERT_TRUE(pipeline.end(source.counters()));
    EXPECT_EQ(of_type(lines_of(captured.read()), "wait").size(), 4U);
}

TEST(Pipeline, EachBatchIsWrittenAsItComes) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    std::string text(65536, '\0');
    const Options options = json_options();
    {
        const Redirected redirected(ends[1]);
        Pipeline pipeline(options, false);
        Wait wait = wait_of(5000);
        pipeline.begin();
        EXPECT_TRUE(pipeline.on_wait(wait));
        EXPECT_EQ(::read(ends[0], text.data(), text.size()), -1);
        EXPECT_TRUE(pipeline.flush());
    }
    const ssize_t got = ::read(ends[0], text.data(), text.size());
    ASSERT_GT(got, 0);
    text.resize(static_cast<std::size_t>(got));
    EXPECT_EQ(of_type(lines_of(text), "wait").size(), 1U);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST(Pipeline, StopsWhenNobodyReads) {
    (void)std::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    ::close(ends[0]);
    const Options options = json_options();
    const Redirected redirected(ends[1]);
    Pipeline pipeline(options, false);
    Wait wait = wait_of(5000);
    pipeline.begin();
    EXPECT_TRUE(pipeline.on_wait(wait));
    EXPECT_TRUE(pipeline.flush());
    EXPECT_TRUE(pipeline.done());
    EXPECT_FALSE(pipeline.on_wait(wait));
    EXPECT_FALSE(pipeline.on_stuck({}));
    EXPECT_FALSE(pipeline.on_interval({}));
    EXPECT_TRUE(pipeline.end({}));
    ::close(ends[1]);
}

TEST(Pipeline, AFullDiskStopsItAndIsAnError) {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (full < 0) {
        GTEST_SKIP() << "there is no /dev/full here";
    }
    const Options options = json_options();
    const Redirected redirected(full);
    Pipeline pipeline(options, false);
    Wait wait = wait_of(5000);
    pipeline.begin();
    bool wanted = true;
    for (int i = 0; wanted && i < 100'000; ++i) {  // more than is ever held back
        wanted = pipeline.on_wait(wait);
    }
    EXPECT_FALSE(wanted);
    EXPECT_TRUE(pipeline.done());
    const auto failed = pipeline.flush();
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("No space left on device"));
    EXPECT_FALSE(pipeline.end({}));
    ::close(full);
}

TEST(Pipeline, TheClosingReportSumsUpWhatWasPrinted) {
    CapturedStdout captured;
    Options options = json_options();
    options.summary = true;
    FakeSource source({3});
    run(options, source);
    const auto reports = of_type(lines_of(captured.read()), "report");
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].at("waits"), 3);
    EXPECT_EQ(reports[0].at("wait_ns"), 6000);
}

TEST(Pipeline, AnIntervalsReportHoldsThatIntervalAlone) {
    CapturedStdout captured;
    Options options = json_options();
    options.interval_s = 0.05;
    options.summary = true;
    Pipeline pipeline(options, false);
    FakeSource source({3, 2});
    pipeline.begin();
    for (int batch = 0; batch < 2; ++batch) {
        ASSERT_TRUE(source.poll({}, pipeline));
        std::this_thread::sleep_for(std::chrono::milliseconds(60));
        ASSERT_TRUE(pipeline.flush());
    }
    ASSERT_TRUE(pipeline.end(source.counters()));
    const auto reports = of_type(lines_of(captured.read()), "report");
    ASSERT_EQ(reports.size(), 3U);
    EXPECT_EQ(reports[0].at("waits"), 3);
    EXPECT_EQ(reports[0].at("wait_ns"), 6000);
    EXPECT_EQ(reports[1].at("waits"), 2);
    EXPECT_EQ(reports[1].at("wait_ns"), 9000);
    EXPECT_EQ(reports[2].at("last"), true);
    EXPECT_EQ(reports[2].at("waits"), 5);
}

TEST(Pipeline, ASamplersIntervalIsNoReport) {
    CapturedStdout captured;
    Options options = json_options();
    options.interval_s = 0.001;
    FakeSource source({3, 2});
    run(options, source);
    EXPECT_TRUE(of_type(lines_of(captured.read()), "report").empty());
}

TEST(Pipeline, AnUnfinishedIntervalIsReportedAtTheEndAlone) {
    CapturedStdout captured;
    Options options = json_options();
    options.interval_s = 3600;
    options.summary = true;
    FakeSource source({3, 2});
    run(options, source);
    const auto lines = lines_of(captured.read());
    const auto reports = of_type(lines, "report");
    ASSERT_EQ(reports.size(), 2U);
    for (const json& report : reports) {
        EXPECT_EQ(report.at("waits"), 5);
    }
    EXPECT_EQ(reports[0].at("last"), false);
    EXPECT_EQ(reports[1].at("last"), true);
    // Behind every wait: none before the interval was over.
    EXPECT_EQ(lines.at(lines.size() - 3), reports[0]);
}

TEST(Pipeline, AnEmptyIntervalAtTheEndIsNotReported) {
    CapturedStdout captured;
    Options options = json_options();
    options.interval_s = 3600;
    FakeSource source({});
    run(options, source);
    EXPECT_TRUE(of_type(lines_of(captured.read()), "report").empty());
}

TEST(Pipeline, TimesFollowTheRealClock) {
    CapturedStdout captured;
    const Options options = json_options();
    Pipeline pipeline(options, false);
    pipeline.begin();
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    ASSERT_TRUE(pipeline.flush());  // measures anew
    const auto mono = std::chrono::steady_clock::now().time_since_epoch();
    const std::time_t real = std::time(nullptr);
    Wait wait = wait_of(5000);
    wait.ts_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(mono).count());
    EXPECT_TRUE(pipeline.on_wait(wait));
    ASSERT_TRUE(pipeline.end({}));
    const auto waits = of_type(lines_of(captured.read()), "wait");
    ASSERT_EQ(waits.size(), 1U);
    std::tm local{};
    const std::string time = waits[0].at("time");
    ASSERT_NE(::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &local), nullptr) << time;
    local.tm_isdst = -1;
    // The clocks were read one after the other, perhaps across a second's end.
    EXPECT_LE(std::abs(std::difftime(std::mktime(&local), real)), 1.0) << time;
}

TEST(Pipeline, StuckTasksDoNotCount) {
    CapturedStdout captured;
    Options options = json_options();
    options.count = 1;
    Pipeline pipeline(options, false);
    pipeline.begin();
    EXPECT_TRUE(pipeline.on_stuck({}));
    EXPECT_TRUE(pipeline.on_stuck({}));
    EXPECT_FALSE(pipeline.done());
    ASSERT_TRUE(pipeline.end({}));
    EXPECT_EQ(of_type(lines_of(captured.read()), "stuck").size(), 2U);
}

TEST(Pipeline, IntervalsCountLikeWaits) {
    CapturedStdout captured;
    Options options = json_options();
    options.count = 2;
    Pipeline pipeline(options, true);
    pipeline.begin();
    EXPECT_TRUE(pipeline.on_interval({}));
    EXPECT_FALSE(pipeline.on_interval({}));
    EXPECT_FALSE(pipeline.on_interval({}));
    EXPECT_TRUE(pipeline.done());
    ASSERT_TRUE(pipeline.end({}));
    EXPECT_EQ(of_type(lines_of(captured.read()), "interval").size(), 2U);
}

}  // namespace
}  // namespace rqs
