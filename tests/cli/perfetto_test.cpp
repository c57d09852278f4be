// SPDX-License-Identifier: BSD-2-Clause
// `report --perfetto` as a user meets it: a trace beside the output, or nothing and one line.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "perfetto/model_for_test.h"
#include "tool.h"
#include "util/folder_for_test.h"

namespace rqs::clitest {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace perfetto_for_test;
constexpr const char* recording = RQS_GOLDEN_DIR "/recordings/v1.rec";

class PerfettoTest : public testing::Test {
  public:
    [[nodiscard]] Outcome report(const Args& more, const Setting& setting = {}) const {
        Args words{"report", recording, "--perfetto", path};
        words.insert(words.end(), more.begin(), more.end());
        return clitest::run(words, setting);
    }
    [[nodiscard]] bool left_nothing() const { return fs::is_empty(folder); }

    util::FolderForTest temporary;
    fs::path folder = temporary.path();
    std::string path = folder / "run.trace";
};

void expect_one_line(const std::string& text, const std::string& part) {
    EXPECT_EQ(lines(text), 1U) << text;
    EXPECT_TRUE(contains(text, part)) << text;
}

struct WaitTotals {
    std::uint64_t count = 0;
    std::uint64_t wait_ns = 0;
    std::uint64_t slice_ns = 0;
    std::uint64_t ledger_ns = 0;
};

WaitTotals totals_of(const Slices& slices) {
    WaitTotals totals;
    for (const Slice& slice : slices.named("wait: ")) {
        ++totals.count;
        totals.wait_ns += std::stoull(slice.args.at("wait_ns"));
        totals.slice_ns += slice.dur;
        totals.ledger_ns += ledger_ns(slice.args);
        EXPECT_EQ(slice.depth, 0U);
    }
    return totals;
}

TEST_F(PerfettoTest, ATraceComesBesideTheReport) {
    const Args json_report{"report", recording, "-f", "json"};
    const Outcome plain = clitest::run(json_report);
    const Outcome outcome = report({"-f", "json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, plain.out);
    EXPECT_EQ(outcome.err, "");
    const json object = json::parse(plain.out);
    const Trace trace = Parser::read(path);
    const Slices slices = SliceModel::of(trace);
    EXPECT_EQ(slices.ends_of_nothing + slices.flows_of_nothing + slices.unfinished, 0U);
    const WaitTotals totals = totals_of(slices);
    EXPECT_EQ(totals.count, object["waits"].get<std::uint64_t>());
    EXPECT_EQ(totals.wait_ns, object["wait_ns"].get<std::uint64_t>());
    EXPECT_EQ(totals.slice_ns, totals.wait_ns);
    EXPECT_EQ(totals.ledger_ns, totals.wait_ns);
    EXPECT_FALSE(slices.flows.empty());
    std::uint64_t switches = 0;
    for (const SchedEvent& event : trace.sched) {
        const bool of_a_task =
            event.switched && event.switched->next_tid < 0x7f000000;  // is recorded
        switches += of_a_task ? 1U : 0U;
    }
    EXPECT_GE(switches, object["switches"].get<std::uint64_t>());
}

// Each run of each CPU ends with a switch, and who runs at the end was switched to.
TEST_F(PerfettoTest, StatesOfThreadsSumToTheirWaits) {
    ASSERT_EQ(report({"-f", "json"}).code, 0);
    const Trace trace = Parser::read(path);
    const States states = StateModel::of(trace);
    std::map<std::int32_t, std::uint64_t> waited;
    for (const Slice& slice : SliceModel::of(trace).named("wait: ")) {
        waited[trace.tracks.at(slice.track).tid] += slice.dur;
    }
    ASSERT_FALSE(waited.empty());
    for (const auto& [tid, ns] : waited) {
        // Runs and waits are read off two clocks, which differ by a microsecond.
        EXPECT_NEAR(static_cast<double>(states.waited(tid)), static_cast<double>(ns), 10'000)
            << tid;
    }
}

TEST_F(PerfettoTest, EverythingIsKnownToAnotherDecoder) {
    ASSERT_EQ(report({"-f", "json"}).code, 0);
    if (std::system("protoc --version >/dev/null 2>&1") != 0) {
        GTEST_SKIP() << "protoc (Debian's protobuf-compiler) is not installed";
    }
    const fs::path proto = RQS_TRACE_PROTO;
    const std::string text = folder / "text";
    const std::string command = "protoc --proto_path='" + proto.parent_path().string() +
                                "' --decode=Trace '" + proto.string() + "' <'" + path + "' >'" +
                                text + "'";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    std::ifstream decoded(text);
    std::size_t packets = 0;
    for (std::string line; std::getline(decoded, line);) {
        packets += line == "packet {" ? 1U : 0U;
        const auto first = line.find_first_not_of(' ');
        // A field that the description has not got is printed by its number.
        EXPECT_FALSE(first != std::string::npos && line[first] >= '0' && line[first] <= '9')
            << line;
    }
    EXPECT_GT(packets, 100U);
}

TEST_F(PerfettoTest, ATraceComesBesideEventsAndADatabase) {
    const Args events{"report", recording, "--events", "-f", "csv"};
    const Outcome plain = clitest::run(events);
    const Outcome outcome =
        report({"--events", "-f", "csv", "--sqlite", folder / "run.db", "--why=1"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, plain.out);
    EXPECT_TRUE(fs::exists(folder / "run.db"));
    EXPECT_EQ(SliceModel::of(Parser::read(path)).named("wait: ").size() + 1, lines(plain.out));
}

// Filters apply to waits. What the CPUs did is all there.
TEST_F(PerfettoTest, FiltersAndSpansApply) {
    const Outcome whole = report({"-f", "json"});
    ASSERT_EQ(whole.code, 0) << whole.err;
    const std::size_t sched = Parser::read(path).sched.size();
    fs::remove(path);
    const Outcome outcome = report({"10", "-f", "json"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const json object = json::parse(outcome.out);
    const Trace trace = Parser::read(path);
    const WaitTotals totals = totals_of(SliceModel::of(trace));
    EXPECT_EQ(totals.count, object["waits"].get<std::uint64_t>());
    EXPECT_EQ(totals.wait_ns, object["wait_ns"].get<std::uint64_t>());
    EXPECT_LT(totals.count, json::parse(whole.out)["waits"].get<std::uint64_t>());
    EXPECT_GT(trace.sched.size(), sched / 2);
    fs::remove(path);
    const Outcome later = report({"--from", "1", "-f", "json"});
    ASSERT_EQ(later.code, 0) << later.err;
    EXPECT_EQ(totals_of(SliceModel::of(Parser::read(path))).count,
              json::parse(later.out)["waits"].get<std::uint64_t>());
}

TEST_F(PerfettoTest, NoFileIsReplaced) {
    ASSERT_EQ(report({}).code, 0);
    const auto size = fs::file_size(path);
    const Outcome again = report({});
    EXPECT_EQ(again.code, 1);
    expect_one_line(again.err, "File exists");
    EXPECT_EQ(again.out, "");
    EXPECT_EQ(fs::file_size(path), size);
}

TEST_F(PerfettoTest, ATraceNeedsAName) {
    for (const char* word : {"-", ""}) {
        const Outcome outcome = clitest::run({"report", recording, "--perfetto", word});
        EXPECT_EQ(outcome.code, usage) << word;
        expect_one_line(outcome.err, "--perfetto: ");
        EXPECT_EQ(outcome.out, "");
    }
}

TEST_F(PerfettoTest, WhereThereIsNoRoomNothingIsLeft) {
    Setting setting;
    setting.place = [] {
        const rlimit small{8192, 8192};
        (void)::setrlimit(RLIMIT_FSIZE, &small);
    };
    const Outcome outcome = report({}, setting);
    EXPECT_EQ(outcome.code, 1);
    expect_one_line(outcome.err, "run.trace': File too large; raise the limit");
    EXPECT_TRUE(contains(outcome.out, "WAITS"));
    EXPECT_TRUE(left_nothing());
}

TEST_F(PerfettoTest, ATraceOfLessThanAllIsNotLeft) {
    const Outcome outcome = report({"--events"}, {.closed_stdout = true});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_TRUE(contains(outcome.err, "was not written: not all of the recording was read"))
        << outcome.err;
    EXPECT_TRUE(left_nothing());
}

}  // namespace
}  // namespace rqs::clitest
