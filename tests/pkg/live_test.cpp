// SPDX-License-Identifier: BSD-2-Clause
// Packages on the live kernel, against a workload of our own. Needs root.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "live.h"
#include "program.h"
#include "workload.h"

namespace rqs::pkgtest {
namespace {

using nlohmann::json;

const std::string runqslower_package = package_of("runqslower");
const std::string runqlat_package = package_of("runqlat");

TEST_F(Live, FirstLinesAreTheSeeds) {
    const Workload workload;
    const Outcome outcome =
        run({ecli(), "run", runqslower_package, "--targ_pid", id(workload.victim()), "-n", "5"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto lines = lines_of(outcome.out);
    ASSERT_EQ(lines.size(), 7U) << outcome.out;
    EXPECT_EQ(lines[0], "running and waiting for the ebpf events from perf event...");
    EXPECT_EQ(lines[1], "time task prev_task delta_us pid prev_pid");
    for (std::size_t i = 2; i < lines.size(); ++i) {
        std::istringstream line(lines[i]);
        std::string time;
        std::string task;
        line >> time >> task;
        EXPECT_EQ(time.size(), 8U);
        EXPECT_EQ(task, "pkgtest-victim");
        EXPECT_NE(lines[i].find(" " + id(workload.victim()) + " "), std::string::npos) << lines[i];
    }
    EXPECT_EQ(outcome.err, "ecli: 5 events, 0 lost\n");
}

TEST_F(Live, HogIsNamedAsThePreviousTask) {
    const Workload workload;
    const Outcome outcome = run({ecli(), "run", "--json", runqslower_package, "--targ_pid",
                                 id(workload.victim()), "-n", "200"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    std::size_t behind_hog = 0;
    for (const auto& event : json_lines(outcome.out)) {
        EXPECT_EQ(event["pid"], workload.victim());
        EXPECT_EQ(event["task"], "pkgtest-victim");
        const bool hog = event["prev_pid"] == workload.hog();
        EXPECT_EQ(hog, event["prev_task"] == "pkgtest-hog");
        behind_hog += hog ? 1U : 0U;
    }
    EXPECT_GT(behind_hog, 0U) << "the hog never had the CPU before its victim";
}

TEST_F(Live, OptionsFilter) {
    const Workload workload;
    const Outcome outcome = run({ecli(), "run", "-j", runqslower_package, "--min_us", "50",
                                 "--targ_tgid", id(::getpid()), "-d", "3"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto events = json_lines(outcome.out);
    EXPECT_FALSE(events.empty());
    for (const auto& event : events) {
        EXPECT_GT(event["delta_us"].get<std::uint64_t>(), 50U);
        EXPECT_TRUE(std::filesystem::exists("/proc/self/task/" + event["pid"].dump()))
            << event.dump();
    }
    const Outcome none = run(
        {ecli(), "run", "-j", runqslower_package, "--min_us", "18446744073709551615", "-d", "1"});
    EXPECT_EQ(none.out, "");
}

TEST_F(Live, HostileNamesStayHarmless) {
    const Workload workload("\x1b[31m\nred");
    const Outcome text =
        run({ecli(), "run", runqslower_package, "--targ_pid", id(workload.victim()), "-n", "3"});
    EXPECT_EQ(text.out.find('\x1b'), std::string::npos);
    EXPECT_EQ(lines_of(text.out).size(), 5U) << text.out;
    EXPECT_NE(text.out.find("\\x1b[31m\\x0ared"), std::string::npos) << text.out;
    const Outcome as_json = run(
        {ecli(), "run", "-j", runqslower_package, "--targ_pid", id(workload.victim()), "-n", "1"});
    EXPECT_EQ(json_lines(as_json.out).at(0)["task"], "\x1b[31m\nred");
}

TEST_F(Live, EndsWithItsReaderAndWithASignal) {
    const Workload workload;
    Program headed({ecli(), "run", runqslower_package});
    EXPECT_TRUE(headed.await_lines(3));
    headed.close_output();
    EXPECT_EQ(headed.finish(), 0) << headed.err;
    // Nothing is ever printed after the heading: the reader's end is noticed all the same.
    Program quiet({ecli(), "run", runqslower_package, "--min_us", "18446744073709551615"});
    EXPECT_TRUE(quiet.await_lines(2));
    quiet.close_output();
    EXPECT_EQ(quiet.finish(), 0) << quiet.err;
    Program interrupted({ecli(), "run", runqslower_package, "--targ_pid", id(workload.victim())});
    EXPECT_TRUE(interrupted.await_output());
    interrupted.collect_for(std::chrono::seconds(1));
    interrupted.send(SIGINT);
    EXPECT_EQ(interrupted.finish(), 0);
    EXPECT_NE(interrupted.err.find(" events, "), std::string::npos) << interrupted.err;
}

TEST_F(Live, PackageFromStandardInput) {
    const Outcome outcome =
        run({ecli(), "run", "-", "-n", "1", "-j"}, {read_file(runqslower_package)});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(json_lines(outcome.out).size(), 1U);
}

// ------------------------------------------------------- against runqslower, at the same moment

std::vector<std::uint64_t> waits_of(const std::string& out, const char* field,
                                    std::uint64_t divisor) {
    std::vector<std::uint64_t> waits;
    for (const auto& line : lines_of(out)) {
        const json event = json::parse(line, nullptr, false);
        if (event.contains(field)) {
            waits.push_back(event[field].get<std::uint64_t>() / divisor);
        }
    }
    return waits;
}

/// How many waits in a row both saw, when one's are laid at the best place beside the other's.
std::size_t common_run(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
    std::vector<std::size_t> row(b.size() + 1, 0);
    std::size_t best = 0;
    for (const auto value : a) {
        for (std::size_t j = b.size(); j > 0; --j) {
            row[j] = value == b[j - 1] ? row[j - 1] + 1 : 0;
            best = std::max(best, row[j]);
        }
    }
    return best;
}

TEST_F(Live, SeesTheSameWaitsAsRunqslower) {
#ifdef RQS_RUNQSLOWER
    const char* given = std::getenv("RQS_BIN");
    const std::string runqslower = given != nullptr ? given : RQS_RUNQSLOWER;
    if (!std::filesystem::exists(runqslower)) {
        GTEST_SKIP() << "runqslower is not built";
    }
    const Workload workload;
    const std::string victim = id(workload.victim());
    Program other({runqslower, "0", "-t", victim, "-f", "json"});
    Program ours({ecli(), "run", "-j", runqslower_package, "--targ_pid", victim});
    ASSERT_TRUE(other.await_output());
    ASSERT_TRUE(ours.await_output());
    std::this_thread::sleep_for(std::chrono::seconds(3));
    ours.send(SIGINT);
    other.send(SIGINT);
    const Outcome our_outcome = harness::outcome_of(ours);
    const Outcome other_outcome = harness::outcome_of(other);
    EXPECT_EQ(our_outcome.code, 0) << our_outcome.err;
    EXPECT_EQ(other_outcome.code, 0) << other_outcome.err;
    const auto our_waits = waits_of(our_outcome.out, "delta_us", 1);
    const auto other_waits = waits_of(other_outcome.out, "wait_ns", 1000);
    const std::size_t common = common_run(our_waits, other_waits);
    RecordProperty("common", static_cast<int>(common));
    ASSERT_GT(our_waits.size(), 20U);
    // They start and end at different moments; what lies between is the same, in a row. Part of
    // the shorter may lie before the other's start only if one of them lagged by half the run.
    EXPECT_GE(common, std::min(our_waits.size(), other_waits.size()) / 2)
        << our_waits.size() << " and " << other_waits.size();
#else
    GTEST_SKIP() << "built without runqslower";
#endif
}

// ------------------------------------------------------------------------------------- histograms

/// All times that threads of this process were switched in, ever.
std::uint64_t arrivals() {
    std::uint64_t sum = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream file(task.path() / "schedstat");
        std::uint64_t ran = 0;
        std::uint64_t waited = 0;
        std::uint64_t count = 0;
        file >> ran >> waited >> count;
        sum += count;
    }
    return sum;
}

TEST_F(Live, HistogramsCountWaits) {
    const Workload workload;
    const std::uint64_t before = arrivals();
    const Outcome outcome = run({ecli(), "run", "-j", runqlat_package, "--targ_tgid",
                                 id(::getpid()), "--targ_per_thread", "-d", "3"});
    const std::uint64_t after = arrivals();
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    std::uint64_t counted = 0;
    std::uint64_t victims = 0;
    for (const auto& entry : json_lines(outcome.out)) {
        std::uint64_t sum = 0;
        for (const auto& slot : entry["value"]["slots"]) {
            sum += slot.get<std::uint64_t>();
        }
        counted += sum;
        if (entry["key"] == workload.victim()) {
            victims += sum;
            EXPECT_EQ(entry["value"]["comm"], "pkgtest-victim");
        }
    }
    EXPECT_GT(victims, 0U);
    EXPECT_LE(counted, after - before) << "no wait is counted twice";
}

TEST_F(Live, HistogramsAreDrawn) {
    const Workload workload;
    const Outcome outcome = run({ecli(), "run", runqlat_package, "-d", "2"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("key = 0\n"), std::string::npos) << outcome.out;
    EXPECT_NE(
        outcome.out.find("     usecs               : count    distribution\n         0 -> 1  "),
        std::string::npos)
        << outcome.out;
    EXPECT_NE(outcome.out.find("|****************************************|"), std::string::npos);
}

// ---------------------------------------------------------------------------------- all the types

TEST_F(LiveCompiled, AllTypesArePrinted) {
    const Scratch scratch;
    const std::string package = compiled(scratch, "types", true);
    const Caller caller;
    const Outcome outcome = run({ecli(), "run", "-j", package, "-p", id(::getpid()), "-n", "1"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    json event = json_lines(outcome.out).at(0);
    event.erase("time");
    EXPECT_EQ(event, json::parse(R"({"tiny": -5, "small": 65535, "number": -123456789,
        "large": 18446744073709551615, "huge": "-3", "vast": "1267650600228229401496703205377",
        "yes": true, "color": "RED", "strange": 77, "text": "hello",
        "nested": {"x": -1, "y": [0, 2]}, "bits": 5, "sign": -3, "pointer": "0xffff888000000000",
        "either": -9, "other": 4294967287})"));
    const Outcome text = run({ecli(), "run", package, "-p", id(::getpid()), "-n", "1", "--tiny",
                              "7", "--color", "BLUE", "--text", "a b", "--disable-yes"});
    const auto lines = lines_of(text.out);
    ASSERT_EQ(lines.size(), 3U) << text.out << text.err;
    EXPECT_EQ(lines[0], "running and waiting for the ebpf events from ring buffer...");
    EXPECT_EQ(lines[1],
              "time tiny small number large huge vast yes color strange text nested bits sign "
              "pointer either other");
    EXPECT_EQ(lines[2].substr(8),
              " 7 65535 -123456789 18446744073709551615 -3 1267650600228229401496703205377 false "
              "BLUE 77 a b {\"x\":-1,\"y\":[0,2]} 5 -3 0xffff888000000000 -9 4294967287");
    EXPECT_EQ(run({ecli(), "run", package, "--color", "GREEN"}).code, 2);
    EXPECT_EQ(run({ecli(), "run", package, "--tiny", "128"}).code, 2);
}

TEST_F(LiveCompiled, PerCpuMapsAreAddedUp) {
    const Scratch scratch;
    const std::string package = compiled(scratch, "percpu");
    const Caller caller;
    const Outcome outcome = run({ecli(), "run", package, "--targ_pid", id(::getpid()), "-n", "3"});
    const auto lines = lines_of(outcome.out);
    ASSERT_EQ(lines.size(), 5U) << outcome.out << outcome.err;
    EXPECT_EQ(lines[1], "time key cpu calls who");
    std::uint64_t last = 0;
    for (std::size_t i = 2; i < lines.size(); ++i) {
        std::istringstream line(lines[i]);
        std::string time;
        pid_t key = 0;
        std::string cpu;
        std::uint64_t calls = 0;
        line >> time >> key >> cpu >> calls;
        EXPECT_EQ(key, ::getpid());
        EXPECT_EQ(cpu, "all") << "all threads have one name";
        EXPECT_GE(calls, last);
        last = calls;
    }
    EXPECT_GT(last, 1U);
}

TEST_F(LiveCompiled, IteratorsPrintTheirText) {
    const Scratch scratch;
    const std::string package = compiled(scratch, "iterator");
    const Workload workload("\x1b[31mred");
    const Outcome outcome = run({ecli(), "run", package});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find(id(workload.victim()) + "\t\\x1b[31mred\n"), std::string::npos);
    EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
}

TEST_F(LiveCompiled, RefusedProgramsAreNamed) {
    const Scratch scratch;
    const std::string package = compiled(scratch, "refused");
    const Outcome outcome = run({ecli(), "run", package});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find("program refused (tp_btf/no_such_tracepoint_anywhere)"),
              std::string::npos)
        << outcome.err;
    const Outcome partial = run({ecli(), "run", "--partial", package, "-d", "0.2"});
    EXPECT_EQ(partial.code, 0) << partial.err;
    EXPECT_NE(partial.err.find("program refused"), std::string::npos);
    EXPECT_EQ(partial.out, "running and waiting for the ebpf program...\n");
}

}  // namespace
}  // namespace rqs::pkgtest
