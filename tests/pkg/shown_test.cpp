// SPDX-License-Identifier: BSD-2-Clause
// What a running package shows, and when it stops. Needs root.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "live.h"

namespace rqs::pkgtest {
namespace {

using nlohmann::json;

TEST_F(LiveCompiled, IteratorsStopAfterSoManyLinesAndSeconds) {
    const Scratch scratch;
    const std::string package = compiled(scratch, "iterator");
    const Outcome counted = run({ecli(), "run", package, "-n", "2"});
    EXPECT_EQ(counted.code, 0) << counted.err;
    EXPECT_EQ(lines_of(counted.out).size(), 2U) << counted.out;
    // So little time that it is over before the first line.
    const Outcome timed = run({ecli(), "run", package, "-d", "0.000000001"});
    EXPECT_EQ(timed.code, 0) << timed.err;
    EXPECT_EQ(timed.out, "");
}

TEST_F(LiveCompiled, LinesOfSeveralIteratorsAreToldApart) {
    const Scratch scratch;
    const Outcome outcome = run({ecli(), "run", "-j", compiled(scratch, "iterators")});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto lines = json_lines(outcome.out);
    ASSERT_EQ(lines.size(), 2U) << outcome.out;
    EXPECT_EQ(lines[0], json::parse(R"({"line": "task", "program": "tasks"})"));
    EXPECT_EQ(lines[1], json::parse(R"({"line": "map", "program": "maps"})"));
}

TEST_F(LiveCompiled, TheFirstEventFindsItsReader) {
    const Scratch scratch;
    const Outcome outcome =
        run({ecli(), "run", "-j", compiled(scratch, "first", true), "-d", "0.5"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    std::vector<std::uint64_t> numbers;
    for (const auto& event : json_lines(outcome.out)) {
        numbers.push_back(event["number"].get<std::uint64_t>());
    }
    std::sort(numbers.begin(), numbers.end());
    ASSERT_EQ(numbers.size(), 50U);
    EXPECT_EQ(numbers.front(), 0U);
    EXPECT_EQ(numbers.back(), 49U);
}

TEST_F(LiveCompiled, BuffersAndSampledMapsAreAllShown) {
    const Scratch scratch;
    const std::string package = compiled(scratch, "both", true);
    const Caller caller;
    const Outcome as_json =
        run({ecli(), "run", "-j", package, "--targ_pid", id(::getpid()), "-d", "1"});
    ASSERT_EQ(as_json.code, 0) << as_json.err;
    std::map<std::string, int> lines;
    for (const auto& line : json_lines(as_json.out)) {
        const std::string map = line.at("map");
        ++lines[map];
        if (map == "counts") {
            EXPECT_EQ(line["key"], ::getpid());
            EXPECT_GE(line["value"].get<std::uint64_t>(), 1U);
        } else {
            EXPECT_EQ(line["pid"], ::getpid()) << line.dump();
        }
    }
    EXPECT_EQ(lines.size(), 3U) << as_json.out;
    EXPECT_GT(lines["rings"], 0);
    EXPECT_GT(lines["counts"], 1);
    EXPECT_EQ(lines["rings"], lines["buffers"]);
    const Outcome text = run({ecli(), "run", package, "--targ_pid", id(::getpid()), "-d", "1"});
    const auto text_lines = lines_of(text.out);
    ASSERT_GT(text_lines.size(), 6U) << text.out << text.err;
    EXPECT_EQ(text_lines[0], "running and waiting for the ebpf events from ring buffer...");
    EXPECT_EQ(text_lines[1], "time rings pid comm");
    EXPECT_EQ(text_lines[2], "time buffers pid comm");
    EXPECT_EQ(text_lines[3], "time counts key value");
    for (const char* map : {" rings ", " counts ", " buffers "}) {
        EXPECT_TRUE(std::any_of(text_lines.begin() + 4, text_lines.end(), [&](const auto& line) {
            return line.find(map + id(::getpid()) + " ") == 8;
        })) << map;
    }
}

TEST_F(LiveCompiled, LostSamplesAreCountedAndShown) {
    const Scratch scratch;
    const std::string package = scratch.path("small.json");
    json content = json::parse(read_file(compiled(scratch, "flood", true)));
    content["meta"]["perf_buffer_pages"] = 1;
    write_file(package, content.dump());
    const Caller caller;
    const Outcome text = run({ecli(), "run", package, "--targ_pid", id(::getpid()), "-d", "1"});
    ASSERT_EQ(text.code, 0) << text.err;
    const auto complaints = lines_of(text.err);
    ASSERT_GT(complaints.size(), 1U) << text.err;
    EXPECT_EQ(complaints[0].rfind("ecli: lost ", 0), 0U) << text.err;
    EXPECT_NE(complaints[0].find(" events of events"), std::string::npos) << text.err;
    EXPECT_EQ(complaints.back().find(" 0 lost"), std::string::npos) << complaints.back();
    const Outcome as_json =
        run({ecli(), "run", "-j", package, "--targ_pid", id(::getpid()), "-d", "1"});
    std::uint64_t lost = 0;
    std::uint64_t seen = 0;
    for (const auto& line : json_lines(as_json.out)) {
        if (line.contains("lost")) {
            EXPECT_EQ(line["map"], "events");
            lost += line["lost"].get<std::uint64_t>();
        } else {
            ++seen;
        }
    }
    EXPECT_GT(lost, 0U);
    EXPECT_EQ(as_json.err,
              "ecli: " + std::to_string(seen) + " events, " + std::to_string(lost) + " lost\n");
}

TEST_F(LiveCompiled, PerCpuValuesAreAddedOrToldApart) {
    if (std::thread::hardware_concurrency() < 2) {
        GTEST_SKIP() << "needs two CPUs";
    }
    const Scratch scratch;
    const std::string package = compiled(scratch, "labels");
    const Caller caller;
    const Outcome outcome = run({ecli(), "run", "-j", package, "-d", "1"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    json sum;
    std::map<int, std::string> places;
    for (const auto& line : json_lines(outcome.out)) {
        if (line["map"] == "sums") {
            EXPECT_FALSE(line.contains("cpu")) << line.dump();
            sum = line["value"];
        } else if (line.contains("cpu")) {
            places[line["cpu"]] = line["value"]["place"];
            EXPECT_EQ(line["value"]["calls"], 1);
        }
    }
    const auto cpus = sum["calls"].get<std::uint64_t>();
    EXPECT_GT(cpus, 1U) << "the caller was on one CPU only";
    EXPECT_EQ(sum["slots"], json::array({0, 10 * cpus}));
    EXPECT_EQ(cpus != 2 || sum["huge"] == "2535301200456458802993406410752", true) << sum.dump();
    ASSERT_EQ(places.size(), cpus) << outcome.out;
    for (const auto& [cpu, place] : places) {
        EXPECT_EQ(place, std::string(1, static_cast<char>('A' + (cpu & 15))));
    }
    const Outcome text = run({ecli(), "run", package, "-d", "1"});
    EXPECT_NE(text.out.find("time sums key calls slots huge\n"), std::string::npos) << text.out;
    EXPECT_NE(text.out.find("time places key cpu calls place\n"), std::string::npos) << text.out;
    EXPECT_NE(text.out.find(" places 0 1 1 B\n"), std::string::npos) << text.out;
}

TEST_F(LiveCompiled, OptionsOfAllKindsReachTheProgram) {
    const Scratch scratch;
    const std::string package = compiled(scratch, "options", true);
    const Caller caller;
    const Outcome outcome = run(
        {ecli(), "run", "-j", package, "--targ_pid", id(::getpid()), "-n", "1", "--letter", "z",
         "--huge", "-170141183460469231731687303715884105728", "--vast=0x" + std::string(32, 'f'),
         "--ratio", "0.25", "--mode", "LOUD", "--number", "-7"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    json event = json_lines(outcome.out).at(0);
    event.erase("time");
    EXPECT_EQ(event, json::parse(R"({"letter": 122,
        "huge": "-170141183460469231731687303715884105728",
        "vast": "340282366920938463463374607431768211455",
        "ratio": 0.25, "mode": "LOUD", "number": -7})"));
    for (const Words& wrong :
         {Words{"--letter", "zz"}, Words{"--huge", "1" + std::string(39, '0')},
          Words{"--vast", "-1"}, Words{"--ratio", "1e300"}, Words{"--mode", "SHY"}}) {
        const Outcome refused = run({ecli(), "run", package, wrong[0], wrong[1]});
        EXPECT_EQ(refused.code, 2) << wrong[0];
        EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
    }
    const Outcome help = run({ecli(), "run", package, "-h"});
    EXPECT_NE(help.out.find("(enum mode, default QUIET)"), std::string::npos) << help.out;
}

}  // namespace
}  // namespace rqs::pkgtest
