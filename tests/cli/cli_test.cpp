// SPDX-License-Identifier: BSD-2-Clause
// The program as a user meets it: words in, bytes and exit codes out.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tool.h"

namespace {

namespace fs = std::filesystem;
using rqs::clitest::Args;
using rqs::clitest::contains;
using rqs::clitest::expect_refused;
using rqs::clitest::joined;
using rqs::clitest::json_lines;
using rqs::clitest::lines;
using rqs::clitest::Program;
using rqs::clitest::run;
using rqs::clitest::usage;
using rqs::clitest::Wrong;
using rqs::harness::Outcome;

/// Why live tracing cannot be tested here; empty where it can.
std::string no_live_tracing() {
    static const std::string reason = [] {
        if (::geteuid() != 0) {
            return std::string("needs root");
        }
        const Outcome outcome = run({"--source", "bpf", "-d", "0.05", "1000000"});
        return outcome.code == 0 ? std::string() : "no live tracing here: " + outcome.err;
    }();
    return reason;
}

std::string no_schedstat() {
    return ::access("/proc/self/schedstat", R_OK) == 0 ? "" : "no /proc/self/schedstat here";
}

#define RQS_SKIP_IF(reason)                   \
    do {                                      \
        const std::string why_not = (reason); \
        if (!why_not.empty()) {               \
            GTEST_SKIP() << why_not;          \
        }                                     \
    } while (false)

// ---------------------------------------------------------------------------- words

TEST(Usage, WrongInputIsOneLineAndExitCodeTwo) {
    const std::string missing = "/no/such/place";
    const std::vector<Wrong> table{
        {{"12abc"}, "12abc"},
        {{"-5"}, "-5"},
        {{""}, "empty"},
        {{" 5"}, "' 5'"},
        {{"1e3"}, "1e3"},
        {{"18446744073709552"}, "too large"},
        {{"999999999999999999999999"}, "too large"},
        {{"1", "2"}, "'1' and '2'"},
        {{"--no-such"}, "--no-such"},
        {{"-Z"}, "-Z"},
        {{"-p"}, "needs a value"},
        {{"-p", "x"}, "--pid"},
        {{"-p", "-1"}, "--pid"},
        {{"-p", "2147483647"}, "no process 2147483647"},
        {{"-t", "2147483647"}, "no thread 2147483647"},
        {{"-p", "99999999999"}, "too large"},
        {{"--cpu", "5-2"}, "backwards"},
        {{"--cpu", "8191"}, "no CPU 8191"},
        {{"--cpu", "x"}, "'x'"},
        {{"--cgroup", missing}, missing},
        {{"--cgroup", "/"}, "no cgroup"},
        {{"--cgroupmap", missing}, missing},
        {{"--mntnsmap", missing}, missing},
        {{"--cgroupmap", "/etc/passwd"}, "no pinned BPF map"},
        {{"-d", "0"}, "--duration"},
        {{"-d", "1e3"}, "--duration"},
        {{"-n", "0"}, "--count"},
        {{"-f", "xml"}, "xml"},
        {{"--source", "x"}, "auto, bpf, schedstat"},
        {{"--by", "x"}, "process, cgroup, parent, cpu"},
        {{"--buffer", "3m"}, "power of two"},
        {{"--history", "3"}, "power of two"},
        {{"--previous=no"}, "takes no value"},
        {{"--"}, "no command"},
        {{"demo", "x"}, "'x'"},
        {{"doctor", "5"}, "'5'"},
        {{"doctor", "--buffer", "4m"}, "doctor does not take --buffer"},
        {{"--cg", "/"}, "--cgroup, --cgroupmap"},
        {{"--buffer", "1g"}, "512m"},
        {{"--source", "schedstat", "--cpu", "0"}, "--cpu"},
        {{"\x1b[31mred"}, "\\x1b[31mred"},
    };
    expect_refused(table, usage);
}

TEST(Usage, ThreadIsNoProcess) {
    // A thread of this very process.
    std::atomic<pid_t> tid{0};
    std::atomic<bool> done{false};
    std::thread thread([&] {
        tid = ::gettid();
        while (!done) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    while (tid == 0) {
        std::this_thread::yield();
    }
    const Outcome outcome = run({"-p", std::to_string(tid)});
    done = true;
    thread.join();
    EXPECT_EQ(outcome.code, usage);
    EXPECT_TRUE(contains(outcome.err, fmt::format("thread of process {}", ::getpid())))
        << outcome.err;
}

TEST(Usage, CgroupV1IsToldApart) {
    if (!fs::exists("/sys/fs/cgroup/cpu/cgroup.procs")) {
        GTEST_SKIP() << "no cgroup v1 here";
    }
    const Outcome outcome = run({"--cgroup", "/sys/fs/cgroup/cpu"});
    EXPECT_EQ(outcome.code, usage);
    EXPECT_TRUE(contains(outcome.err, "cgroup v1")) << outcome.err;
}

TEST(Usage, HelpAndVersionGoToStdout) {
    for (const Args& args : {Args{"-h"}, Args{"--help"}, Args{"demo", "--help"}}) {
        const Outcome outcome = run(args);
        EXPECT_EQ(outcome.code, 0) << joined(args);
        EXPECT_EQ(outcome.err, "") << joined(args);
        EXPECT_EQ(outcome.out.rfind("Usage: runqslower", 0), 0U) << outcome.out;
        EXPECT_TRUE(contains(outcome.out, "--why"));
    }
    const Outcome version = run({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_EQ(version.out.rfind("runqslower ", 0), 0U) << version.out;
    EXPECT_EQ(lines(version.out), 1U);
    EXPECT_FALSE(contains(version.out, "unversioned"));
}

TEST(Usage, HelpOnAFullDiskFails) {
    const Outcome outcome = run({"--help"}, {.stdout_path = "/dev/full"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
}

TEST(Usage, LongNameIsCutWithAWarning) {
    RQS_SKIP_IF(no_schedstat());
    const Outcome outcome = run({"--source", "schedstat", "-d", "0.1", "-c", "0123456789abcdefgh"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "'0123456789abcde'")) << outcome.err;
}

// ---------------------------------------------------------------------------- privileges

TEST(Privileges, BpfWithoutThemNamesTheCapabilities) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "cannot become nobody without being root";
    }
    const Outcome outcome = run({"--source", "bpf", "-d", "1"}, {.nobody = true});
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "cap_bpf,cap_perfmon")) << outcome.err;
}

TEST(Privileges, AutoFallsBackWithOneLine) {
    RQS_SKIP_IF(no_schedstat());
    if (::geteuid() != 0) {
        GTEST_SKIP() << "cannot become nobody without being root";
    }
    const Outcome outcome = run({"-f", "json", "-d", "0.3"}, {.nobody = true});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "schedstat")) << outcome.err;
    const auto objects = json_lines(outcome.out);
    ASSERT_FALSE(objects.empty());
    EXPECT_EQ(objects.back()["type"], "summary");
}

TEST(Privileges, DemoFindsItsVictimsWithoutAny) {
    RQS_SKIP_IF(no_schedstat());
    if (::geteuid() != 0) {
        GTEST_SKIP() << "cannot become nobody without being root";
    }
    const Outcome outcome = run({"demo", "1000", "-f", "json", "-d", "3"}, {.nobody = true});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::size_t victims = 0;
    for (const auto& object : json_lines(outcome.out)) {
        if (object["type"] == "interval" && object["comm"] == "demo-web") {
            ++victims;
        }
    }
    EXPECT_GT(victims, 0U) << outcome.out;
}

TEST(Privileges, DoctorSaysWhatToDo) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "cannot become nobody without being root";
    }
    const Outcome outcome = run({"doctor"}, {.nobody = true});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.err, "");
    EXPECT_TRUE(contains(outcome.out, "NO  privileges")) << outcome.out;
    EXPECT_TRUE(contains(outcome.out, "setcap cap_bpf,cap_perfmon")) << outcome.out;
}

TEST(Live, DoctorIsContent) {
    RQS_SKIP_IF(no_live_tracing());
    const Outcome outcome = run({"doctor"});
    EXPECT_EQ(outcome.code, 0) << outcome.out;
    EXPECT_TRUE(contains(outcome.out, "OK  live tracing")) << outcome.out;
}

// ---------------------------------------------------------------------------- ends

/// Both sources end in the same ways.
class Ends : public ::testing::TestWithParam<std::string> {
  protected:
    void SetUp() override { RQS_SKIP_IF(GetParam() == "bpf" ? no_live_tracing() : no_schedstat()); }
    /// `args` behind the choice of the source.
    static Args with_source(const Args& args) {
        Args all{"--source", GetParam()};
        all.insert(all.end(), args.begin(), args.end());
        return all;
    }
};

INSTANTIATE_TEST_SUITE_P(Sources, Ends, ::testing::Values("bpf", "schedstat"),
                         [](const auto& param) { return param.param; });

TEST_P(Ends, AfterADuration) {
    const Outcome outcome = run(with_source({"-d", "0.3", "-f", "json", "1000000"}));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const auto objects = json_lines(outcome.out);
    ASSERT_FALSE(objects.empty());
    const auto& summary = objects.back();
    EXPECT_EQ(summary["type"], "summary");
    for (const char* field : {"seen", "kept", "lost", "duration_ns"}) {
        EXPECT_TRUE(summary[field].is_number_unsigned()) << field << outcome.out;
    }
    EXPECT_GE(summary["duration_ns"].get<std::uint64_t>(), 300'000'000U);
}

TEST_P(Ends, AfterACount) {
    const Outcome outcome =
        run(with_source({"0", "-n", "3", "-f", "json", "--interval", "0.2", "-d", "30"}));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::size_t events = 0;
    for (const auto& object : json_lines(outcome.out)) {
        events += object["type"] == "wait" || object["type"] == "interval" ? 1U : 0U;
    }
    EXPECT_EQ(events, 3U) << outcome.out;
}

TEST_P(Ends, OnSignalsWithASummary) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        Program program(with_source({"1000000"}));
        ASSERT_TRUE(program.await("TIME ")) << program.err;
        program.send(signal);
        EXPECT_EQ(program.finish(), 0) << ::strsignal(signal) << ": " << program.err;
        EXPECT_GE(lines(program.err), 1U) << "no summary after " << ::strsignal(signal);

        Program json(with_source({"0", "-f", "json", "--interval", "0.1"}));
        ASSERT_TRUE(json.await("\n"));
        json.send(signal);
        EXPECT_EQ(json.finish(), 0);
        const auto objects = json_lines(json.out);
        ASSERT_FALSE(objects.empty());
        EXPECT_EQ(objects.back()["type"], "summary");
    }
}

TEST_P(Ends, WhenNobodyReads) {
    // Before anything is printed, and after the first line.
    const Outcome at_once = run(with_source({"0", "--interval", "0.1"}), {.closed_stdout = true});
    EXPECT_EQ(at_once.code, 0) << at_once.err;

    Program program(with_source({"0", "--interval", "0.1"}));
    ASSERT_TRUE(program.await("\n"));
    program.close_output();
    EXPECT_EQ(program.finish(), 0) << program.err;
    EXPECT_FALSE(contains(program.err, "Broken pipe")) << program.err;
}

TEST_P(Ends, OnAFullDiskWithAnError) {
    const Outcome outcome =
        run(with_source({"0", "--interval", "0.1", "-d", "20"}), {.stdout_path = "/dev/full"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_TRUE(contains(outcome.err, "No space left on device")) << outcome.err;
}

TEST(Stalled, ReaderDoesNotHoldUpASignal) {
    Program program({"--source", "synthetic", "-f", "json", "0"});
    ASSERT_TRUE(program.fill());
    program.send(SIGTERM);
    EXPECT_EQ(program.finish_unread(), 1);
    EXPECT_TRUE(contains(program.err, "nobody reads standard output")) << program.err;
    EXPECT_TRUE(contains(program.err, "bytes are lost")) << program.err;
    EXPECT_TRUE(contains(program.out, "\"type\":\"wait\""));
}

// However late: only a signal makes the program give up on a reader (after two seconds).
TEST(Stalled, ReaderThatComesLateGetsEverything) {
    struct End {
        Args args;
        int code;
    };
    for (const End& end :
         {End{{"-d", "0.2"}, 0}, End{{"--", "sh", "-c", "sleep 0.2; exit 3"}, 3}}) {
        Args args{"--source", "synthetic", "-f", "json", "0"};
        args.insert(args.end(), end.args.begin(), end.args.end());
        Program program(args);
        ASSERT_TRUE(program.fill());
        std::this_thread::sleep_for(std::chrono::milliseconds(2700));
        EXPECT_EQ(program.finish(), end.code) << joined(args) << program.err;
        EXPECT_TRUE(contains(program.out, "\n{\"type\":\"summary\"")) << joined(args);
        EXPECT_EQ(program.out.back(), '\n');
    }
}

TEST(Stalled, ReaderThatGoesOnGetsEverything) {
    Program program({"--source", "synthetic", "-f", "json", "-d", "0.2", "0"});
    ASSERT_TRUE(program.fill());
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    EXPECT_EQ(program.finish(), 0) << program.err;
    EXPECT_TRUE(contains(program.out, "\"type\":\"summary\""));
}

TEST(Closed, StandardOutputIsAnErrorAndNoOtherFile) {
    for (const Args& args : {Args{"--version"}, Args{"--source", "synthetic", "-n", "1", "0"}}) {
        const Outcome outcome = run(args, {.no_stdout = true});
        EXPECT_EQ(outcome.code, 1) << joined(args);
        EXPECT_TRUE(contains(outcome.err, "Bad file descriptor")) << outcome.err;
    }
}

// ---------------------------------------------------------------------------- -- command

using Commands = Ends;

INSTANTIATE_TEST_SUITE_P(Sources, Commands, ::testing::Values("bpf", "schedstat"),
                         [](const auto& param) { return param.param; });

TEST_P(Commands, ExitCodeIsTheirs) {
    EXPECT_EQ(run(with_source({"--", "true"})).code, 0);
    EXPECT_EQ(run(with_source({"--", "false"})).code, 1);
    EXPECT_EQ(run(with_source({"--", "sh", "-c", "exit 42"})).code, 42);
    EXPECT_EQ(run(with_source({"--", "sh", "-c", "kill -KILL $$"})).code, 128 + SIGKILL);
}

TEST_P(Commands, ThatCannotRun) {
    const Outcome missing = run(with_source({"--", "/no/such/command"}));
    EXPECT_EQ(missing.code, 127);
    EXPECT_TRUE(contains(missing.err, "cannot run '/no/such/command'")) << missing.err;
    const Outcome refused = run(with_source({"--", "/etc/passwd"}));
    EXPECT_EQ(refused.code, 126);
    EXPECT_TRUE(contains(refused.err, "Permission denied")) << refused.err;
}

TEST_P(Commands, GetTheirArgumentsAndOutput) {
    const Outcome outcome =
        run(with_source({"1000000", "-f", "json", "--", "printf", "%s\n", "{\"type\":\"-p x\"}"}));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    // Standard output belongs to the events, so that a program can read it.
    EXPECT_TRUE(contains(outcome.err, "{\"type\":\"-p x\"}\n")) << outcome.err;
    EXPECT_FALSE(contains(outcome.out, "-p x")) << outcome.out;
    EXPECT_TRUE(contains(outcome.out, "\"summary\"")) << outcome.out;
}

TEST_P(Commands, GetTheSignal) {
    Program program(with_source({"-f", "json", "--", "sh", "-c",
                                 "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"}));
    ASSERT_TRUE(program.await("ready", true));
    program.send(SIGTERM);
    EXPECT_EQ(program.finish(), 9) << program.err;
}

TEST_P(Commands, RunThoughTheDiskIsFull) {
    for (const char* format : {"text", "csv", "json"}) {
        const Outcome outcome = run(with_source(
            {"0", "-f", format, "-o", "/dev/full", "--", "sh", "-c", "echo ran; exit 5"}));
        EXPECT_EQ(outcome.code, 5) << outcome.err;
        EXPECT_TRUE(contains(outcome.out, "ran")) << outcome.out;
        EXPECT_TRUE(contains(outcome.err, "No space left")) << outcome.err;
    }
}

TEST_P(Commands, EndWithTheDuration) {
    Program program(with_source(
        {"-d", "0.3", "-f", "json", "--", "sh", "-c", "echo \"[$$]\"; exec sleep 1000"}));
    ASSERT_TRUE(program.await("]", true));
    const int command = std::stoi(program.err.substr(program.err.find('[') + 1));
    program.finish();
    EXPECT_NE(::kill(command, 0), 0) << "the command was left behind";
}

// ---------------------------------------------------------------------------- text and formats

TEST(Live, SaysWhenTheTracedProcessEnds) {
    RQS_SKIP_IF(no_live_tracing());
    const pid_t child = ::fork();
    if (child == 0) {
        ::usleep(400'000);
        ::_exit(0);
    }
    const Outcome outcome =
        run({"--source", "bpf", "-p", std::to_string(child), "-f", "json", "-d", "2"});
    ::waitpid(child, nullptr, 0);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "process " + std::to_string(child) + " has ended"))
        << outcome.err;
}

TEST(Live, TextIsThatOfThePeers) {
    RQS_SKIP_IF(no_live_tracing());
    const Outcome outcome = run({"--source", "bpf", "0", "-n", "2", "-d", "20"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::istringstream stream(outcome.out);
    std::string line;
    std::getline(stream, line);
    EXPECT_EQ(line, "Tracing run queue latency higher than 0 us");
    std::getline(stream, line);
    std::istringstream words(line);
    Args headings;
    for (std::string word; words >> word;) {
        headings.push_back(word);
    }
    EXPECT_EQ(headings, (Args{"TIME", "COMM", "TID", "LAT(us)"}));

    const Outcome previous = run({"--source", "bpf", "0", "-P", "-n", "1", "-d", "20"});
    EXPECT_TRUE(contains(previous.out, "PREV COMM")) << previous.out;
    EXPECT_TRUE(contains(previous.out, "PREV TID")) << previous.out;
}

TEST(Demo, LeavesNoProcessBehind) {
    RQS_SKIP_IF(no_schedstat());
    for (const int signal : {SIGINT, SIGKILL}) {
        Program program({"demo", "--source", "schedstat", "1000", "--interval", "0.2"});
        ASSERT_TRUE(program.await("demo-"));
        // Its children, by their parent.
        std::vector<pid_t> children;
        std::ifstream list(fmt::format("/proc/{0}/task/{0}/children", program.pid()));
        for (pid_t child = 0; list >> child;) {
            children.push_back(child);
        }
        program.send(signal);
        program.finish();
        for (const pid_t child : children) {
            bool gone = false;
            for (int i = 0; i < 500 && !gone; ++i) {
                std::string state;
                std::ifstream status(fmt::format("/proc/{}/status", child));
                std::ostringstream text;
                text << status.rdbuf();
                gone = text.str().empty() || contains(text.str(), "State:\tZ");
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
            EXPECT_TRUE(gone) << child << " survived " << ::strsignal(signal);
        }
    }
}

TEST(Synthetic, CountsAreExactAndOrdered) {
    const Outcome outcome = run({"--source", "synthetic", "0", "-n", "5000", "-f", "json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const auto objects = json_lines(outcome.out);
    ASSERT_EQ(objects.size(), 5001U);
    std::uint64_t last_ns = 0;
    for (const auto& object : objects) {
        if (object["type"] != "wait") {
            continue;
        }
        EXPECT_GE(object["ts_ns"].get<std::uint64_t>(), last_ns);
        last_ns = object["ts_ns"].get<std::uint64_t>();
        std::uint64_t sum = 0;
        for (const auto& part : object["why"]) {
            sum += part["ns"].get<std::uint64_t>();
        }
        EXPECT_EQ(sum, object["wait_ns"].get<std::uint64_t>());
    }
}

}  // namespace
