// SPDX-License-Identifier: BSD-2-Clause
// What must hold for every event, whatever the exact bytes: parsable, rectangular, harmless.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "aggregate/summary.h"
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
        make_sink(format, RunInfo{options, offset_ns, false})->wait(out, wait);
        return out;
    }

    Options options;
    std::int64_t offset_ns = 0;
};

TEST_F(Sinks, FollowAClockThatIsSet) {
    constexpr std::int64_t second_ns = 1'000'000'000;
    Wait wait;
    wait.ts_ns = 5 * second_ns;
    for (const Format format : {Format::text, Format::csv, Format::json}) {
        const auto sink = make_sink(format, RunInfo{options, 0, false});
        std::string before;
        std::string after;
        sink->wait(before, wait);
        sink->set_realtime_offset(3600 * second_ns);
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
    wait.cause = static_cast<Cause>(number(random) % 7);
    wait.policy = static_cast<Policy>(number(random) % 8);
    wait.prio = static_cast<std::int16_t>(static_cast<int>(number(random) % 141) - 1);
    wait.stamped = number(random) % 2 == 0;
    wait.complete = number(random) % 2 == 0;
    wait.why.resize(number(random) % 12);
    for (Part& part : wait.why) {
        part.kind = static_cast<PartKind>(number(random) % 7);
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
        options.previous = false;
        EXPECT_EQ(line(Format::text, wait), expected.data());
        std::snprintf(expected.data(), expected.size(), "%-8s %-16s %-6d %14llu %-16s %-6d\n",
                      time.data(), comm.c_str(), static_cast<int>(wait.task.tid),
                      static_cast<unsigned long long>(wait.wait_ns / 1000), comm.c_str(),
                      static_cast<int>(wait.prev.tid));
        options.previous = true;
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
        ASSERT_EQ(object["why"].size(), wait.why.size());
        for (std::size_t k = 0; k < wait.why.size(); ++k) {
            EXPECT_EQ(object["why"][k]["ns"], wait.why[k].ns);
            EXPECT_EQ(object["why"][k].contains("tid"), wait.why[k].kind == PartKind::ran);
        }
    }
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
    const json object = json::parse(line(Format::json, wait));
    ASSERT_EQ(object["why"].size(), 500U);
    for (std::size_t i = 0; i < 500; ++i) {
        EXPECT_EQ(object["why"][i]["ns"], i);
    }
    options.why = true;
    EXPECT_NE(line(Format::text, wait).find("+494 more"), std::string::npos);
}

TEST_F(Sinks, CsvIsOneRectangleWhateverTasksAreCalled) {
    std::mt19937 random(4);
    for (const bool with_waker : {false, true}) {
        options.waker = with_waker;
        const auto sink = make_sink(Format::csv, RunInfo{options, 0, false});
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
        EXPECT_EQ(rows[0].size(), with_waker ? 27U : 22U);
        for (const auto& row : rows) {
            ASSERT_EQ(row.size(), rows[0].size());
        }
    }
}

TEST_F(Sinks, NothingATerminalActsOnComesThrough) {
    std::mt19937 random(5);
    options.previous = options.wide = options.why = true;
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
    const auto sink = make_sink(Format::json, RunInfo{options, -1'000'000'000, false});
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
    const auto sink = make_sink(Format::text, RunInfo{options, 0, false});
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

TEST_F(Sinks, WordsOfTheEndGoWhereTheFormatWantsThem) {
    const Counters counters{.seen = 10, .kept = 3, .lost = 1, .unverified = 0, .late = 2};
    std::string out;
    std::string talk;
    make_sink(Format::json, RunInfo{options, 0, false})->end(out, talk, counters, 5'000'000'000);
    EXPECT_EQ(json::parse(out),
              json::parse(R"({"type":"summary","seen":10,"kept":3,"lost":1,"duration_ns":5000000000,
                              "unverified":0,"late":2,"mode":"waits"})"));
    EXPECT_TRUE(talk.empty());
    for (const Format format : {Format::text, Format::csv}) {
        out.clear();
        talk.clear();
        make_sink(format, RunInfo{options, 0, false})->end(out, talk, counters, 5'000'000'000);
        EXPECT_TRUE(out.empty());
        EXPECT_EQ(talk,
                  "10 waits in 5.0 s, 3 kept, 1 lost (a larger --buffer helps), 2 out of order\n");
    }
}

TEST_F(Sinks, ReportsAreOneJsonObjectWhoseTableAddsUp) {
    std::mt19937 random(6);
    Summary summary{SummaryOptions{}};
    for (int i = 0; i < 200; ++i) {
        Wait wait = random_wait(random);
        wait.wait_ns >>= 12;
        wait.task.pid %= 20;
        for (Part& part : wait.why) {
            part.task.pid %= 20;
            part.ns = wait.wait_ns / 16;
        }
        summary.add(wait);
    }
    std::string out;
    std::string talk;
    make_sink(Format::json, RunInfo{options, 0, false})->report(out, talk, summary.report(1, 2));
    EXPECT_TRUE(talk.empty());
    ASSERT_EQ(out.find('\n'), out.size() - 1);
    const json report = json::parse(out);
    EXPECT_EQ(report["type"], "report");
    std::uint64_t total = 0;
    for (const auto& row : report["table"]["rows"]) {
        std::uint64_t sum = 0;
        for (const auto& cell : row["ns"]) {
            sum += cell.get<std::uint64_t>();
        }
        EXPECT_EQ(row["ns"].size(), report["table"]["culprits"].size() + 1);
        EXPECT_EQ(row["wait_ns"], sum);
        total += sum;
    }
    EXPECT_EQ(report["wait_ns"], total);
}

}  // namespace
}  // namespace rqs
