// SPDX-License-Identifier: BSD-2-Clause
// What must hold for every event, whatever the exact bytes: parsable, rectangular, harmless.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "model/names.h"
#include "sinks/columns.h"
#include "sinks/formats.h"
#include "sinks/sink.h"

namespace rqs {
namespace {

using nlohmann::json;

class Sinks : public testing::Test {
  protected:
    void SetUp() override { set_zone("UTC"); }
    void TearDown() override { set_zone("UTC"); }

    static void set_zone(const char* zone) {
        ::setenv("TZ", zone, 1);
        ::tzset();
    }

    [[nodiscard]] std::string line(Format format, const Wait& wait) const {
        std::string out;
        sink(format)->wait(out, wait);
        return out;
    }
    [[nodiscard]] std::string line(Format format, const Stuck& stuck) const {
        std::string out;
        sink(format)->stuck(out, stuck);
        return out;
    }

    /// Refers to `view`, whose format changes with the next one.
    [[nodiscard]] std::unique_ptr<Sink> sink(Format format) const {
        view.format = format;
        RunInfo info;
        info.realtime_offset_ns = offset_ns;
        info.names = &names;
        return make_sink({view, info, width, 0});
    }

    mutable ViewOptions view;
    KnownNames names;
    std::size_t width = 0;
    std::int64_t offset_ns = 0;
};

TEST_F(Sinks, FollowAClockThatIsSet) {
    constexpr std::int64_t second_ns = 1'000'000'000;
    Wait wait;
    wait.ts_ns = 5 * second_ns;
    for (const Format format : {Format::text, Format::csv, Format::json}) {
        const auto sink = this->sink(format);
        std::string before;
        std::string after;
        sink->wait(before, wait);
        sink->clock({5 * second_ns, 3600 * second_ns});
        sink->wait(after, wait);
        EXPECT_NE(before.find("00:00:05"), std::string::npos) << before;
        EXPECT_NE(after.find("01:00:05"), std::string::npos) << after;
    }
}

/// Any bytes at all, as a task may choose them.
Comm random_comm(std::mt19937& random) {
    Comm comm;
    std::uniform_int_distribution<int> byte(0, 255);
    std::uniform_int_distribution<std::size_t> length(0, 15);
    const std::size_t size = length(random);
    for (std::size_t i = 0; i < size; ++i) {
        comm.bytes.at(i) = static_cast<char>(byte(random));
    }
    return comm;
}

Wait random_wait(std::mt19937& random) {
    std::uniform_int_distribution<std::uint32_t> number;
    std::uniform_int_distribution<std::uint64_t> large;
    Wait wait;
    wait.ts_ns = large(random);
    wait.wait_ns = large(random);
    wait.cpu = number(random);
    wait.task = {number(random), number(random), random_comm(random)};
    wait.prev = {number(random), number(random), random_comm(random)};
    wait.cgroup_id = large(random);
    wait.sched_cgroup_id = large(random);
    wait.cause = static_cast<Cause>(number(random) % 8);
    wait.kind = static_cast<WaitKind>(number(random) % 5);
    wait.policy = static_cast<Policy>(number(random) % 8);
    wait.prio = static_cast<std::int16_t>(static_cast<int>(number(random) % 141) - 1);
    wait.stamped = number(random) % 2 == 0;
    wait.complete = number(random) % 2 == 0;
    wait.why.resize(number(random) % 12);
    for (Part& part : wait.why) {
        part.kind = static_cast<PartKind>(number(random) % 8);
        part.relation = static_cast<Relation>(number(random) % 4);
        part.policy = static_cast<Policy>(number(random) % 8);
        part.prio = static_cast<std::int16_t>(static_cast<int>(number(random) % 141) - 1);
        part.kernel_thread = number(random) % 2 == 0;
        part.task = {number(random), number(random), random_comm(random)};
        part.ns = large(random);
    }
    if (number(random) % 2 == 0) {
        wait.waker = Waker{{number(random), number(random), random_comm(random)}, 3, true};
    }
    return wait;
}

/// Reads RFC 4180 as strictly as it is written; an empty result is a failure.
std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
    std::vector<std::vector<std::string>> rows;
    std::size_t at = 0;
    while (at < text.size()) {
        std::vector<std::string> row;
        for (;;) {
            std::string field;
            if (at < text.size() && text[at] == '"') {
                for (++at; at < text.size(); ++at) {
                    if (text[at] == '"' && (at + 1 >= text.size() || text[at + 1] != '"')) {
                        break;
                    }
                    at += text[at] == '"' ? 1U : 0U;
                    field += text[at];
                }
                ++at;
            } else {
                while (at < text.size() && text[at] != ',' && text[at] != '\r') {
                    if (text[at] == '"' || text[at] == '\n') {
                        return {};
                    }
                    field += text[at++];
                }
            }
            row.push_back(field);
            if (at >= text.size() || text[at] != ',') {
                break;
            }
            ++at;
        }
        if (text.compare(at, 2, "\r\n") != 0) {
            return {};
        }
        at += 2;
        rows.push_back(std::move(row));
    }
    return rows;
}

TEST_F(Sinks, TextRowsAreWhatPrintfMakesOfThePeersFormat) {
    std::mt19937 random(1);
    for (int i = 0; i < 200; ++i) {
        Wait wait = random_wait(random);
        wait.ts_ns %= 86'400'000'000'000;
        wait.waker.reset();
        wait.task.comm = Comm::from("fifteen-letters");
        wait.task.comm.bytes.at(static_cast<std::size_t>(i) % 16) = '\0';
        wait.prev.comm = wait.task.comm;
        wait.task.tid %= 5'000'000;
        wait.prev.tid %= 5'000'000;
        const std::uint64_t s = wait.ts_ns / 1'000'000'000;
        std::array<char, 32> time{};
        std::snprintf(time.data(), time.size(), "%02d:%02d:%02d", static_cast<int>(s / 3600),
                      static_cast<int>(s / 60 % 60), static_cast<int>(s % 60));
        std::array<char, 256> expected{};
        const std::string comm(wait.task.comm.view());
        std::snprintf(expected.data(), expected.size(), "%-8s %-16s %-6d %14llu\n", time.data(),
                      comm.c_str(), static_cast<int>(wait.task.tid),
                      static_cast<unsigned long long>(wait.wait_ns / 1000));
        view.previous = false;
        EXPECT_EQ(line(Format::text, wait), expected.data());
        std::snprintf(expected.data(), expected.size(), "%-8s %-16s %-6d %14llu %-16s %-6d\n",
                      time.data(), comm.c_str(), static_cast<int>(wait.task.tid),
                      static_cast<unsigned long long>(wait.wait_ns / 1000), comm.c_str(),
                      static_cast<int>(wait.prev.tid));
        view.previous = true;
        EXPECT_EQ(line(Format::text, wait), expected.data());
    }
}

TEST_F(Sinks, JsonOfAnyWaitParsesAndKeepsItsValues) {
    std::mt19937 random(2);
    for (int i = 0; i < 500; ++i) {
        const Wait wait = random_wait(random);
        const std::string text = line(Format::json, wait);
        ASSERT_EQ(text.find('\n'), text.size() - 1);
        const json object = json::parse(text, nullptr, false);
        ASSERT_FALSE(object.is_discarded()) << text;
        EXPECT_EQ(object["type"], "wait");
        EXPECT_EQ(object["ts_ns"], wait.ts_ns);
        EXPECT_EQ(object["wait_ns"], wait.wait_ns);
        EXPECT_EQ(object["tid"], wait.task.tid);
        EXPECT_EQ(object["prev_pid"], wait.prev.pid);
        EXPECT_EQ(object["prio"], wait.prio);
        EXPECT_EQ(object["stamped"], wait.stamped);
        EXPECT_EQ(object.contains("complete"), !wait.complete);
        EXPECT_EQ(object.contains("waker"), wait.waker.has_value());
        EXPECT_EQ(object["sched_cgroup_id"], wait.sched_cgroup_id);
        EXPECT_EQ(object["kind"], name(wait.kind));
        EXPECT_EQ(object["cause"], name(wait.cause));
    }
}

Part part_of(PartKind kind, std::uint64_t ns) {
    Part part;
    part.kind = kind;
    part.ns = ns;
    return part;
}

std::uint64_t sum_of(const json& why) {
    std::uint64_t sum = 0;
    for (const json& part : why) {
        sum += part["ns"].get<std::uint64_t>();
    }
    return sum;
}

// However many are named: the largest stand, what is no task always does, and the sum holds.
TEST_F(Sinks, PartsThatAreNotNamedAreInOneThatHoldsTheirSum) {
    std::mt19937 random(7);
    for (int i = 0; i < 200; ++i) {
        Wait wait = random_wait(random);
        std::uint64_t sum = 0;
        std::size_t tasks = 0;
        std::size_t no_tasks = 0;
        std::uint64_t unnamed = 0;
        for (Part& part : wait.why) {
            part.ns >>= 8;
            part.count = part.kind == PartKind::others ? 5 : 1;
            sum += part.ns;
            tasks += part.kind == PartKind::ran ? 1U : 0U;
            unnamed += part.kind == PartKind::others ? 5U : 0U;
            no_tasks += part.kind == PartKind::ran || part.kind == PartKind::others ? 0U : 1U;
        }
        for (const std::uint32_t named : {0U, 1U, 2U, 4U, UINT32_MAX}) {
            view.named_tasks = named;
            const json why = json::parse(line(Format::json, wait))["why"];
            const std::size_t shown = std::min<std::size_t>(named, tasks);
            const std::size_t others = unnamed + tasks - shown;
            EXPECT_EQ(sum_of(why), sum);
            ASSERT_EQ(why.size(), no_tasks + shown + (others > 0 ? 1U : 0U));
            if (others > 0) {
                EXPECT_EQ(why.back()["kind"], "others");
                EXPECT_EQ(why.back()["count"], others);
            }
        }
    }
}

TEST_F(Sinks, EachFormatNamesSoManyTasksByDefault) {
    std::mt19937 random(8);
    Wait wait = random_wait(random);
    wait.why.assign(20, part_of(PartKind::ran, 1000));
    EXPECT_EQ(json::parse(line(Format::json, wait))["why"].size(), 17U);
    view.why = true;
    EXPECT_NE(line(Format::text, wait).find("+14 others 14 us"), std::string::npos);
    EXPECT_EQ(sink_needs(view).named_tasks, 6U);
    view.format = Format::json;
    EXPECT_EQ(sink_needs(view).named_tasks, 16U);
    view.named_tasks = 3;
    EXPECT_EQ(sink_needs(view).named_tasks, 3U);
}

TEST_F(Sinks, PlainTextNeedsNoParts) {
    view.format = Format::text;
    EXPECT_FALSE(sink_needs(view).parts);
    view.why = true;
    EXPECT_TRUE(sink_needs(view).parts);
}

TEST_F(Sinks, JsonNamesCgroupsWhereTheyAreKnown) {
    Wait wait;
    wait.cgroup_id = 5;
    wait.sched_cgroup_id = 6;
    wait.why = {part_of(PartKind::throttled, 1)};
    EXPECT_FALSE(json::parse(line(Format::json, wait)).contains("cgroup"));
    names.learn(CgroupInfo{5, "/a\n\"b\"", {}, 0, 0, ""});
    names.learn(CgroupInfo{6, "/cpu/c", 20'000, 100'000, 1, "/cpu"});
    const json object = json::parse(line(Format::json, wait));
    EXPECT_EQ(object["cgroup"], "/a\n\"b\"");
    EXPECT_EQ(object["sched_cgroup"], "/cpu/c");
    EXPECT_EQ(object["why"][0],
              json::parse(R"({"kind":"throttled","ns":1,"quota_us":20000,"period_us":100000,
                              "quota_cgroup":"/cpu"})"));
}

TEST_F(Sinks, JsonNamesTheQuotaThatAStuckTaskWaitsFor) {
    names.learn(CgroupInfo{6, "/cpu/c", 20'000, 100'000, 1, "/cpu"});
    Stuck stuck;
    stuck.sched_cgroup_id = 6;
    EXPECT_FALSE(json::parse(line(Format::json, stuck)).contains("quota_us"));
    stuck.throttled = true;
    const json object = json::parse(line(Format::json, stuck));
    EXPECT_EQ(object["quota_us"], 20'000);
    EXPECT_EQ(object["period_us"], 100'000);
    EXPECT_EQ(object["quota_cgroup"], "/cpu");
}

TEST_F(Sinks, JsonLeavesOutTheSecondCgroupWhereItIsTheSame) {
    Wait wait;
    wait.cgroup_id = wait.sched_cgroup_id = 5;
    EXPECT_FALSE(json::parse(line(Format::json, wait)).contains("sched_cgroup_id"));
}

TEST_F(Sinks, LinesLongerThanTheirBufferAreWhole) {
    std::mt19937 random(3);
    Wait wait = random_wait(random);
    wait.why.assign(500, Part{});
    for (std::size_t i = 0; i < wait.why.size(); ++i) {
        wait.why[i].kind = PartKind::ran;
        wait.why[i].ns = i;
        wait.why[i].task.comm = i % 3 == 0 ? random_comm(random) : Comm::from("plain");
    }
    view.named_tasks = UINT32_MAX;
    const json object = json::parse(line(Format::json, wait));
    ASSERT_EQ(object["why"].size(), 500U);
    for (std::size_t i = 0; i < 500; ++i) {
        EXPECT_EQ(object["why"][i]["ns"], i);
    }
    view.why = true;
    view.named_tasks.reset();
    EXPECT_NE(line(Format::text, wait).find("+494 others"), std::string::npos);
}

TEST_F(Sinks, WhyGoesOnBelowWhereTheScreenEnds) {
    std::mt19937 random(9);
    view.why = true;
    view.named_tasks = UINT32_MAX;
    names.learn(CgroupInfo{9, "/web", 20'000, 100'000, 9, "/web"});
    for (int i = 0; i < 200; ++i) {
        Wait wait = random_wait(random);
        wait.sched_cgroup_id = 9;
        wait.stamped = wait.complete = true;
        wait.waker.reset();
        width = 0;
        const std::string whole = line(Format::text, wait);
        ASSERT_EQ(std::count(whole.begin(), whole.end(), '\n'), 2);
        width = 130;  // of a name with every byte spelled out
        std::istringstream lines(line(Format::text, wait));
        std::string each;
        std::string joined;
        std::getline(lines, joined);
        while (std::getline(lines, each)) {
            ASSERT_LE(sinks::display_columns(each), width) << each;
            ASSERT_EQ(each.substr(0, 4), "    ");
            joined += joined.ends_with(" ·") ? each.substr(3) : "\n" + each;
        }
        EXPECT_EQ(joined + "\n", whole);
    }
}

TEST_F(Sinks, CsvIsOneRectangleWhateverTasksAreCalled) {
    std::mt19937 random(4);
    for (const bool with_waker : {false, true}) {
        view.waker = with_waker;
        const auto sink = this->sink(Format::csv);
        std::string out;
        sink->begin(out);
        for (int i = 0; i < 300; ++i) {
            sink->wait(out, random_wait(random));
            Stuck stuck;
            stuck.task.comm = random_comm(random);
            stuck.running = {i % 2 == 0 ? 0U : 7U, 3, random_comm(random)};
            sink->stuck(out, stuck);
        }
        const auto rows = parse_csv(out);
        ASSERT_EQ(rows.size(), 601U);
        EXPECT_EQ(rows[0].size(), with_waker ? 28U : 23U);
        for (const auto& row : rows) {
            ASSERT_EQ(row.size(), rows[0].size());
        }
    }
}

TEST_F(Sinks, NothingATerminalActsOnComesThrough) {
    std::mt19937 random(5);
    view.previous = view.wide = view.why = true;
    for (int i = 0; i < 500; ++i) {
        const Wait wait = random_wait(random);
        for (const Format format : {Format::text, Format::json, Format::csv}) {
            for (const char c : line(format, wait)) {
                const auto byte = static_cast<unsigned char>(c);
                ASSERT_TRUE(byte >= 0x20 || c == '\n' || (c == '\r' && format == Format::csv));
                ASSERT_NE(byte, 0x7f);
            }
        }
    }
}

TEST_F(Sinks, TimeIsLocalAndCarriesItsOffset) {
    Wait wait;
    wait.ts_ns = 1'000'999'999;
    offset_ns = 1'767'322'000'000'000'000;  // 2026-01-02T02:46:40Z
    EXPECT_EQ(json::parse(line(Format::json, wait))["time"], "2026-01-02T02:46:41.000999+00:00");
    set_zone("IST-5:30");
    EXPECT_EQ(json::parse(line(Format::json, wait))["time"], "2026-01-02T08:16:41.000999+05:30");
    set_zone("NST3:30");
    EXPECT_EQ(json::parse(line(Format::json, wait))["time"], "2026-01-01T23:16:41.000999-03:30");
    EXPECT_EQ(line(Format::text, wait).substr(0, 9), "23:16:41 ");
}

TEST_F(Sinks, TimeGoesBackAndBeforeTheEpochWithoutHarm) {
    offset_ns = -1'000'000'000;
    const auto sink = this->sink(Format::json);
    std::string out;
    Wait wait;
    for (const std::uint64_t ts_ns : {2'000'000'000U, 1'000'000'000U, 999'999'000U}) {
        wait.ts_ns = ts_ns;
        sink->wait(out, wait);
    }
    std::istringstream lines(out);
    std::vector<std::string> times;
    for (std::string each; std::getline(lines, each);) {
        times.push_back(json::parse(each)["time"]);
    }
    EXPECT_EQ(times, (std::vector<std::string>{"1970-01-01T00:00:01.000000+00:00",
                                               "1970-01-01T00:00:00.000000+00:00",
                                               "1969-12-31T23:59:59.999999+00:00"}));
}

TEST_F(Sinks, StuckLinesAppearBesideUnchangedOnes) {
    const auto sink = this->sink(Format::text);
    std::string out;
    Stuck stuck;
    stuck.waiting_ns = 3'000'999'999;
    stuck.cpu = 1;
    stuck.task.comm = Comm::from("web");
    stuck.running = {4711, 4711, Comm::from("hog")};
    stuck.cause = Cause::realtime;
    sink->stuck(out, stuck);
    EXPECT_EQ(out,
              "00:00:00 web              0            3000999+\n"
              "    still waiting, realtime: hog 4711 has CPU 1\n");
}

TEST_F(Sinks, FoldedStacksSumToTheWaitWhateverTasksAreCalled) {
    Wait wait;
    wait.wait_ns = 60;
    wait.task.comm = Comm::from("a;b\n");
    wait.cause = Cause::contention;
    Part others = part_of(PartKind::others, 10);
    others.count = 4;
    wait.why = {part_of(PartKind::ran, 30), part_of(PartKind::idle, 20), others};
    wait.why[0].task.comm = Comm::from("hog 1;2");
    view.format = *format_named("folded");
    EXPECT_EQ(line(view.format, wait),
              "a:b\\x0a;contention;hog 1:2 30\n"
              "a:b\\x0a;contention;(idle) 20\n"
              "a:b\\x0a;contention;(others) 10\n");
    view.named_tasks = 0;
    EXPECT_EQ(line(view.format, wait),
              "a:b\\x0a;contention;(idle) 20\na:b\\x0a;contention;(others) 40\n");
    EXPECT_TRUE(sink_needs(view).parts);
}

TEST_F(Sinks, EveryFormatIsFoundByItsName) {
    for (const std::string_view each : format_names()) {
        const auto format = format_named(each);
        ASSERT_TRUE(format) << each;
        EXPECT_NE(sink(*format), nullptr);
    }
    EXPECT_FALSE(format_named("xml"));
    EXPECT_EQ(format_named("csv"), Format::csv);
}

}  // namespace
}  // namespace rqs
