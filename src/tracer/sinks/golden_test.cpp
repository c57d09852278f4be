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
    wait.kind = WaitKind::woken;
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
    crowd.kind = WaitKind::preempted;
    crowd.sums.unknown_ns = 100;
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
    all.back().kind = WaitKind::preempted;
    all.push_back(wait(526'000'000'000, 999, task(6, 6, "a,\"b\" \\ c"), Cause::unknown));
    all.back().complete = false;
    all.back().kind = WaitKind::unknown;
    all.back().sums.unknown_ns = 999;
    all.back().waker = Waker{task(7, 7, "\xe2\x80\xae rtl"), 0, true};
    all.push_back(wait(527'000'000'000, 20'000'000, task(7, 7, "\xff\xfe\xc3 "), Cause::self));
    all.back().prev = task(8, 8, "\xe6\x97\xa5\xe6\x9c\xac=1+1");
    all.back().kind = WaitKind::yielded;
    // Some of the tasks were not told apart.
    all.back().why = {other(PartKind::others, 12'000'000),
                      ran(Relation::self, 8'000'000, all.back().prev)};
    all.back().why.front().count = 474;
    all.push_back(wait(528'000'000'000, 0, task(9, 9, ""), Cause::moved));
    all.back().kind = WaitKind::created;
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
    held.sched_cgroup_id = 42;
    held.policy = Policy::rr;
    held.prio = 89;
    held.kind = WaitKind::preempted;
    held.cause = Cause::rt_throttled;
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

/// What the source told: of a cgroup with a limit above it, and of one with a hostile name.
const KnownNames& names() {
    static const KnownNames known = [] {
        KnownNames told;
        told.learn(CgroupInfo{41, "/web.slice/a.service", 20'000, 100'000, 40, "/web.slice"});
        told.learn(CgroupInfo{42, "/cpu/\x1b[31m\"red\"\n", {}, 0, 0, ""});
        return told;
    }();
    return known;
}

Group group(Group::Kind kind, std::uint64_t id = 0, std::string_view label = "") {
    return {kind, id, std::string(label)};
}

/// Of few and of many columns, with names of all lengths. Its sums add up.
SummaryReport report(GroupBy by, Group victim, Group other_victim) {
    SummaryReport report;
    report.ts_ns = 530'000'000'000;
    report.duration_ns = 10'000'000'000;
    report.by = by;
    report.waits = 7;
    report.wait_ns = 100'000'000;
    report.lost = 2;
    report.left_out = 5;
    report.unknown_ns = 9'000'000;
    for (std::size_t i = 0; i < report.causes.size(); ++i) {
        report.causes.at(i) = {static_cast<Cause>(i), 0, 0};
    }
    report.causes.at(static_cast<std::size_t>(Cause::contention)) = {Cause::contention, 5,
                                                                     60'000'000};
    report.causes.at(static_cast<std::size_t>(Cause::rt_throttled)) = {Cause::rt_throttled, 2,
                                                                       40'000'000};
    report.kinds = {{WaitKind::woken, 4, 30'000'000, 7'000'000, 9'000'000, 9'000'001},
                    {WaitKind::preempted, 3, 70'000'000, 20'000'000, 40'000'999, 40'000'999}};
    report.percentiles = {{{"p50", 0.5, 12'091'392},
                           {"p90", 0.9, 40'000'999},
                           {"p99", 0.99, 40'000'999},
                           {"p99.9", 0.999, 40'000'999},
                           {"p99.99", 0.9999, 40'000'999}}};
    report.max_ns = 40'000'999;
    report.victims = {{victim, 5, 75'000'000, 40'000'999, 30'000'000, 20'000'000},
                      {other_victim, 1, 20'000'000, 20'000'000},
                      {group(Group::Kind::others), 1, 5'000'000, 5'000'000}};
    report.culprits = {{other_victim, 50'000'000},
                       {group(Group::Kind::throttled), 30'000'000},
                       {group(Group::Kind::idle), 20'000'000}};
    report.table_culprits = {other_victim, group(Group::Kind::throttled), group(Group::Kind::idle),
                             group(Group::Kind::process, 4'194'304, "quota-of-a-name"),
                             group(Group::Kind::unknown)};
    report.table = {
        {victim, {40'000'000, 20'000'000, 10'000'000, 3'000'000, 1'000'000}, 1'000'000, 75'000'000},
        {other_victim, {5'000'000, 10'000'000, 5'000'000, 0, 0}, 0, 20'000'000},
        {group(Group::Kind::others), {5'000'000, 0, 0, 0, 0}, 0, 5'000'000}};
    report.victims_folded = 3;
    return report;
}

SummaryReport report_by_process() {
    return report(GroupBy::process, group(Group::Kind::process, 800, "web"),
                  group(Group::Kind::process, 4711, "a,\"b\"\x1b[31mred"));
}

SummaryReport report_by_cgroup() {
    return report(
        GroupBy::cgroup,
        group(Group::Kind::cgroup, 41,
              "/system.slice/"
              "docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope"),
        group(Group::Kind::cgroup, 42));
}

SummaryReport report_by_thread() {
    Group thread = group(Group::Kind::thread, 812, "web-worker-1");
    thread.pid = 800;
    return report(GroupBy::thread, thread, group(Group::Kind::comm, 0, "\xe6\x97\xa5\xe6\x9c\xac"));
}

SummaryReport sampled_report() {
    SummaryReport report;
    report.ts_ns = 530'000'000'000;
    report.duration_ns = 10'000'000'000;
    report.sampled = true;
    report.last = false;
    report.waits = 7;
    report.wait_ns = 246'913'578;
    report.victims = {{group(Group::Kind::process, 800, "we\"b, 2"), 7, 246'913'578}};
    return report;
}

/// What a run writes: stdout, then what it says on stderr.
struct Written {
    std::string out;
    std::string talk;
};

class Golden : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
    }

    [[nodiscard]] SinkSetup setup(bool sampled) const {
        RunInfo info;
        info.began_ns = 520'000'000'000;
        info.realtime_offset_ns = offset_ns;
        info.min_us = 10'000;
        info.sampled = sampled;
        info.names = &names();
        return {view, info, width, 1024};
    }

    [[nodiscard]] Written run() const {
        const auto sink = make_sink(setup(false));
        Written written;
        sink->begin(written.out);
        for (const Wait& event : waits()) {
            sink->wait(written.out, event);
        }
        for (const Loss& event : losses) {
            sink->loss(written.out, written.talk, event);
        }
        if (with_stuck) {
            for (const Stuck& event : stuck_tasks()) {
                sink->stuck(written.out, event);
            }
        }
        for (const SummaryReport& each : reports) {
            sink->report(written.out, written.talk, each);
        }
        sink->end(written.out, written.talk, {530'000'000'000, counters});
        return written;
    }

    [[nodiscard]] Written run_intervals() const {
        const auto sink = make_sink(setup(true));
        Written written;
        sink->begin(written.out);
        for (const Interval& event : intervals()) {
            sink->interval(written.out, event);
        }
        sink->report(written.out, written.talk, sampled_report());
        sink->end(written.out, written.talk, {530'000'000'000, {.seen = 7, .kept = 2}});
        return written;
    }

    ViewOptions view;
    std::size_t width = 80;
    bool with_stuck = false;
    std::vector<Loss> losses;
    std::vector<SummaryReport> reports;
    Counters counters{.seen = 1000, .kept = 7, .lost = 2, .unverified = 1, .late = 3};
};

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

TEST_F(Golden, TextIsDropIn) {
    const auto written = run();
    compare("text.txt", written.out + written.talk);
}

TEST_F(Golden, TextPrevious) {
    view.previous = true;
    compare("text-P.txt", run().out);
}

TEST_F(Golden, TextWide) {
    view.wide = true;
    view.previous = true;
    with_stuck = true;
    compare("text-w-P-stuck.txt", run().out);
}

TEST_F(Golden, TextWhy) {
    view.why = true;
    with_stuck = true;
    compare("text-W-stuck.txt", run().out);
}

TEST_F(Golden, TextWhyOfTwoTasksOnOneLine) {
    view.why = true;
    view.named_tasks = 2;
    width = 0;
    compare("text-W-2.txt", run().out);
}

TEST_F(Golden, TextSummary) {
    reports = {report_by_process()};
    const auto written = run();
    compare("text-s.txt", written.out + written.talk);
}

TEST_F(Golden, TextSummariesOfOtherGroupsAndWidths) {
    const auto sink = make_sink(setup(false));
    std::string out;
    std::string talk;
    sink->report(out, talk, report_by_cgroup());
    sink->report(out, talk, report_by_thread());
    width = 120;
    make_sink(setup(false))->report(out, talk, report_by_cgroup());
    width = 0;
    make_sink(setup(false))->report(out, talk, report_by_cgroup());
    compare("text-s-by.txt", out);
}

TEST_F(Golden, TextIntervals) {
    const auto narrow = run_intervals();
    compare("text-intervals.txt", narrow.out + narrow.talk);
    view.wide = true;
    compare("text-w-intervals.txt", run_intervals().out);
}

TEST_F(Golden, Json) {
    view.format = Format::json;
    with_stuck = true;
    losses = {{1, 528'100'000'000, 528'200'000'000, 2}};
    reports = {report_by_process(), report_by_cgroup(), report_by_thread()};
    const auto written = run();
    compare("json.jsonl", written.out);
    compare("json-stderr.txt", written.talk);
}

TEST_F(Golden, JsonWhyOfNoTask) {
    view.format = Format::json;
    view.named_tasks = 0;
    compare("json-why-0.jsonl", run().out);
}

TEST_F(Golden, JsonIntervals) {
    view.format = Format::json;
    compare("json-intervals.jsonl", run_intervals().out);
}

TEST_F(Golden, Csv) {
    view.format = Format::csv;
    with_stuck = true;
    compare("csv.csv", run().out);
}

TEST_F(Golden, CsvWakerAndSummary) {
    view.format = Format::csv;
    view.waker = true;
    with_stuck = true;
    reports = {report_by_process()};
    const auto written = run();
    compare("csv-waker.csv", written.out);
    compare("csv-waker-stderr.txt", written.talk);
}

TEST_F(Golden, CsvIntervals) {
    view.format = Format::csv;
    compare("csv-intervals.csv", run_intervals().out);
}

}  // namespace
}  // namespace rqs
