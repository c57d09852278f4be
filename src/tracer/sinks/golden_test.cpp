// SPDX-License-Identifier: BSD-2-Clause
// Every format's bytes for one list of events, compared with tests/golden/. A wanted change is
// taken over with RQS_UPDATE_GOLDEN=1, and then stands in the diff for the reviewer.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "aggregate/summary.h"
#include "sinks/sink.h"

namespace rqs {
namespace {

constexpr std::int64_t offset_ns = 1'767'322'000'000'000'000;

Part ran(Relation relation, std::uint64_t ns, TaskId task) {
    Part part;
    part.kind = PartKind::ran;
    part.relation = relation;
    part.ns = ns;
    part.task = task;
    part.cgroup_id = 77;
    return part;
}

Part other(PartKind kind, std::uint64_t ns) {
    Part part;
    part.kind = kind;
    part.ns = ns;
    return part;
}

TaskId task(std::uint32_t tid, std::uint32_t pid, std::string_view comm) {
    return {tid, pid, Comm::from(comm)};
}

Wait wait(std::uint64_t ts_ns, std::uint64_t wait_ns, TaskId who, Cause cause) {
    Wait wait;
    wait.ts_ns = ts_ns;
    wait.wait_ns = wait_ns;
    wait.cpu = 1;
    wait.task = who;
    wait.prev = task(4711, 4700, "ffmpeg");
    wait.cgroup_id = 41;
    wait.sched_cgroup_id = 41;
    wait.cause = cause;
    return wait;
}

/// Mixed parts, a real-time culprit, a kernel thread, and more parts than a text line shows.
Wait crowded() {
    Wait crowd = wait(523'678'901'234, 40'000'999, task(812, 800, "web"), Cause::realtime);
    Part fifo = ran(Relation::foreign, 20'000'000, task(4711, 4711, "hog"));
    fifo.policy = Policy::fifo;
    fifo.prio = 49;
    Part kthread = ran(Relation::foreign, 300'499, task(12, 12, "kworker/0:1"));
    kthread.kernel_thread = true;
    Part deadline = ran(Relation::foreign, 99'500, task(99, 99, "video"));
    deadline.policy = Policy::deadline;
    deadline.prio = -1;
    Part boosted = ran(Relation::sibling, 5'000'000, task(813, 801, "lockholder"));
    boosted.prio = 89;
    crowd.why = {fifo,
                 ran(Relation::self, 14'000'000, task(813, 800, "web")),
                 boosted,
                 kthread,
                 other(PartKind::irq, 100'500),
                 deadline,
                 other(PartKind::steal, 500'000),
                 other(PartKind::idle, 400),
                 other(PartKind::unknown, 100)};
    crowd.sched_cgroup_id = 42;
    return crowd;
}

std::vector<Wait> waits() {
    std::vector<Wait> all;
    all.push_back(wait(523'000'000'000, 12'100'000, task(812, 800, "web"), Cause::contention));
    all.back().why = {ran(Relation::foreign, 12'100'000, task(4711, 4700, "ffmpeg"))};
    all.back().waker = Waker{task(0, 0, "swapper/3"), 3, true};
    all.push_back(crowded());
    all.back().waker = Waker{task(17, 17, "ksoftirqd/1"), 1, false};

    all.push_back(
        wait(524'000'001'999, 83'456'789'012, task(4194304, 4194304, "quota"), Cause::throttled));
    all.back().prev = task(0, 0, "swapper/1");
    all.back().why = {other(PartKind::throttled, 83'456'000'000),
                      other(PartKind::elsewhere, 789'012)};
    all.back().policy = Policy::batch;
    all.back().prio = 139;

    all.push_back(wait(525'000'000'000, 1'000, task(5, 5, "\x1b[31mred\x1b[0m\n"), Cause::idle));
    all.back().why = {other(PartKind::idle, 1'000)};
    all.back().stamped = false;
    all.push_back(wait(526'000'000'000, 999, task(6, 6, "a,\"b\" \\ c"), Cause::unknown));
    all.back().complete = false;
    all.back().waker = Waker{task(7, 7, "\xe2\x80\xae rtl"), 0, true};
    all.push_back(wait(527'000'000'000, 20'000'000, task(7, 7, "\xff\xfe\xc3 "), Cause::self));
    all.back().prev = task(8, 8, "\xe6\x97\xa5\xe6\x9c\xac=1+1");
    all.back().why = {ran(Relation::self, 20'000'000, all.back().prev)};
    all.push_back(wait(528'000'000'000, 0, task(9, 9, ""), Cause::moved));
    return all;
}

std::vector<Stuck> stuck_tasks() {
    Stuck held;
    held.ts_ns = 529'500'000'000;
    held.waiting_ns = 3'000'000'500;
    held.cpu = 1;
    held.task = task(812, 800, "web");
    held.running = task(4711, 4711, "hog,\t1");
    held.cgroup_id = 41;
    held.cause = Cause::realtime;
    Stuck throttled = held;
    throttled.running = task(0, 0, "swapper/1");
    throttled.cause = Cause::throttled;
    Stuck nobody_knows = held;
    nobody_knows.running = {};
    nobody_knows.cause = Cause::unknown;
    return {held, throttled, nobody_knows};
}

std::vector<Interval> intervals() {
    Interval some;
    some.ts_ns = 523'000'000'000;
    some.interval_ns = 1'000'000'000;
    some.task = task(812, 800, "web");
    some.waits = 7;
    some.wait_ns = 123'456'789;
    some.run_ns = 500'000'000;
    Interval no_switch = some;
    no_switch.task = task(813, 800, "we\"b, 2");
    no_switch.waits = 0;
    return {some, no_switch};
}

Counters counters() {
    return {.seen = 1000, .kept = 7, .lost = 2, .unverified = 1, .late = 3};
}

/// What a run with these options writes: stdout, then what it says on stderr.
struct Written {
    std::string out;
    std::string talk;
};

Written run(Format format, const Options& options, bool with_stuck = false,
            bool with_report = false) {
    const auto sink = make_sink(format, RunInfo{options, offset_ns, false});
    Written written;
    SummaryOptions summary_options;
    summary_options.by = options.by;
    summary_options.cgroup_path = [](std::uint64_t id) {
        return id == 41 ? std::string("/a/b\nc/a-very-long-path-that-is-cut/at-its-front/docker-1")
                        : std::string();
    };
    Summary summary(std::move(summary_options));
    sink->begin(written.out);
    for (const Wait& event : waits()) {
        sink->wait(written.out, event);
        summary.add(event);
    }
    if (with_stuck) {
        for (const Stuck& event : stuck_tasks()) {
            sink->stuck(written.out, event);
        }
    }
    if (with_report) {
        sink->report(written.out, written.talk, summary.report(530'000'000'000, 10'000'000'000));
    }
    sink->end(written.out, written.talk, counters(), 10'000'000'000);
    return written;
}

Written run_intervals(Format format, const Options& options) {
    const auto sink = make_sink(format, RunInfo{options, offset_ns, true});
    Written written;
    SummaryOptions summary_options;
    summary_options.sampled = true;
    Summary summary{std::move(summary_options)};
    sink->begin(written.out);
    for (const Interval& event : intervals()) {
        sink->interval(written.out, event);
        summary.add(event);
    }
    sink->report(written.out, written.talk, summary.report(530'000'000'000, 10'000'000'000, false));
    sink->end(written.out, written.talk, {.seen = 7, .kept = 2}, 10'000'000'000);
    return written;
}

void compare(const std::string& name, const std::string& actual) {
    const auto path = std::filesystem::path(RQS_GOLDEN_DIR) / name;
    if (const char* update = std::getenv("RQS_UPDATE_GOLDEN"); update != nullptr && *update != 0) {
        std::ofstream(path, std::ios::binary) << actual;
        return;
    }
    std::ifstream file(path, std::ios::binary);
    ASSERT_TRUE(file) << path << " is missing: run once with RQS_UPDATE_GOLDEN=1";
    std::ostringstream expected;
    expected << file.rdbuf();
    EXPECT_EQ(actual, expected.str()) << path;
}

class Golden : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
    }
    Options options;
};

TEST_F(Golden, TextIsDropIn) {
    const auto written = run(Format::text, options);
    compare("text.txt", written.out + written.talk);
}

TEST_F(Golden, TextPrevious) {
    options.previous = true;
    compare("text-P.txt", run(Format::text, options).out);
}

TEST_F(Golden, TextWide) {
    options.wide = true;
    options.previous = true;
    compare("text-w-P-stuck.txt", run(Format::text, options, true).out);
}

TEST_F(Golden, TextWhy) {
    options.why = true;
    compare("text-W-stuck.txt", run(Format::text, options, true).out);
}

TEST_F(Golden, TextSummary) {
    const auto written = run(Format::text, options, false, true);
    compare("text-s.txt", written.out + written.talk);
}

TEST_F(Golden, TextSummaryByCgroup) {
    options.by = GroupBy::cgroup;
    compare("text-s-by-cgroup.txt", run(Format::text, options, false, true).out);
}

TEST_F(Golden, TextIntervals) {
    const auto narrow = run_intervals(Format::text, options);
    compare("text-intervals.txt", narrow.out + narrow.talk);
    options.wide = true;
    compare("text-w-intervals.txt", run_intervals(Format::text, options).out);
}

TEST_F(Golden, Json) {
    compare("json.jsonl", run(Format::json, options, true, true).out);
}

TEST_F(Golden, JsonByCgroup) {
    options.by = GroupBy::cgroup;
    compare("json-by-cgroup.jsonl", run(Format::json, options, false, true).out);
}

TEST_F(Golden, JsonIntervals) {
    compare("json-intervals.jsonl", run_intervals(Format::json, options).out);
}

TEST_F(Golden, Csv) {
    compare("csv.csv", run(Format::csv, options, true).out);
}

TEST_F(Golden, CsvWakerAndSummary) {
    options.waker = true;
    const auto written = run(Format::csv, options, true, true);
    compare("csv-waker.csv", written.out);
    compare("csv-waker-stderr.txt", written.talk);
}

TEST_F(Golden, CsvIntervals) {
    compare("csv-intervals.csv", run_intervals(Format::csv, options).out);
}

}  // namespace
}  // namespace rqs
