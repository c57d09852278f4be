// SPDX-License-Identifier: BSD-2-Clause
// `record` and `report` as a user meets them. What needs no BPF: recordings are the one that is
// kept of version 1, or of made-up switches.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "record/file_store.h"
#include "tool.h"
#include "util/folder_for_test.h"

namespace rqs::clitest {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t columns = 80;
constexpr std::uint64_t fixture_waits = 83;
constexpr std::uint64_t fixture_wait_ns = 1395627;

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Recordings : public ::testing::Test {
  protected:
    Recordings() {
        (void)::chmod(folder_.c_str(), 0777);  // nobody reads and writes here too
        write("good.rec", bytes_of(RQS_GOLDEN_DIR "/recordings/v1.rec"));
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return (folder_ / name).string();
    }
    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream(path(name), std::ios::binary) << bytes;
    }
    /// A recording without its last bytes.
    void write_cut() const { write("cut.rec", bytes_of(path("good.rec")).substr(0, 3000)); }
    /// Half a million made-up switches.
    void record_many() const {
        const Outcome outcome =
            run({"record", "--source", "synthetic", "-d", "0.2", "-o", path("many.rec")});
        ASSERT_EQ(outcome.code, 0) << outcome.err;
    }
    Outcome report(const Args& args, const Setting& setting = {}) const {
        Args all{"report", path("good.rec")};
        all.insert(all.end(), args.begin(), args.end());
        return clitest::run(all, setting);
    }

    util::FolderForTest temporary_;
    fs::path folder_ = temporary_.path();
};

// ---------------------------------------------------------------------------- words

TEST_F(Recordings, WrongWordsAreOneLineAndExitCodeTwo) {
    const std::string good = path("good.rec");
    expect_refused(
        {
            {{"record", "--max-size", "x"}, "--max-size: 'x' is not a size"},
            {{"record", "--rotate", "3"}, "add --max-size"},
            {{"record", "--flight", "5", "--max-size", "1m"}, "leave out --max-size"},
            {{"record", "--flight", "5", "-o", "-"}, "name a file"},
            {{"record", "--flight", "x"}, "--flight: 'x'"},
            {{"record", "--flight-size", "4m"}, "add --flight SECONDS"},
            {{"record", "--trigger-us", "5"}, "add --flight SECONDS"},
            {{"record", "--flight", "5", "--trigger-psi", "101", "-o", path("x")},
             "'101' is no pressure"},
            {{"record", "--source", "schedstat"}, "sampling sees no switches"},
            {{"record", "-f", "json"}, "record does not take --format"},
            {{"report"}, "which recording?"},
            {{"report", good, good}, "are one file"},
            {{"report", good, "--from", "2", "--to", "1"}, "--to lies before --from"},
            {{"report", good, "--from", "bla"}, "'bla' is neither seconds since the start"},
            {{"report", good, "--from", "25:00"}, "'25:00' is neither"},
            {{"report", good, "--to", ""}, "--to: an empty word is neither"},
            {{"report", good, "-f", "xml"}, "'xml' is none of text, json, csv, folded"},
            {{"report", good, "-f", "folded"}, "with --events"},
            {{"report", good, "-o"}, "'-o' needs a value"},
            {{"report", good, "--cgroupmap", "/m"}, "cannot look into BPF maps"},
            {{"report", good, "--max-size", "1m"}, "report does not take --max-size"},
            {{"report", good, "-W"}, "--why: a report shows no single waits; add --events"},
            {{"report", good, "--interval", "1"}, "--interval: a report shows no single waits"},
            {{"report", good, "--events", "--interval", "0.0001"}, "0.0001 s is too short"},
            {{"--events"}, "is an option of runqslower report"},
        },
        usage);
}

TEST_F(Recordings, WhatCannotBeReadIsOneLineAndExitCodeOne) {
    write("empty", "");
    write("text", "hello, this is no recording at all\n");
    write("start", bytes_of(path("good.rec")).substr(0, 100));
    RecordingInfo info;
    info.host = "another";
    ASSERT_TRUE(record::FileStore::open(path("other.rec"), info, {}));
    const std::string good = path("good.rec");
    expect_refused(
        {
            {{"report", path("nothing")}, "No such file or directory"},
            {{"report", folder_.string()}, "is a directory"},
            {{"report", path("empty")}, "is empty"},
            {{"report", "-"}, "standard input is empty"},
            {{"report", path("text")}, "is no recording of runqslower"},
            {{"report", path("start")}, "damaged at its start"},
            {{"report", good, path("other.rec")}, "are of two runs; report one run at a time"},
            {{"report", good, "-o", path("no/such")}, "No such file or directory"},
        },
        1);
}

TEST_F(Recordings, ARecordingIsNotForATerminal) {
    for (const Args& args :
         {Args{"record", "-o", "-"}, Args{"--record", "-", "-o", path("events")}}) {
        const Outcome outcome = run(args, {.on_terminal = true});
        EXPECT_EQ(outcome.code, usage) << joined(args);
        EXPECT_TRUE(contains(outcome.out, "not for a terminal")) << outcome.out;
        EXPECT_EQ(lines(outcome.out), 1U) << outcome.out;
    }
}

TEST_F(Recordings, WithoutPrivilegesThereIsNoneAndNoSampling) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "cannot become nobody without being root";
    }
    const Outcome outcome = run({"record", "-d", "1", "-o", path("x.rec")}, {.nobody = true});
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "cap_bpf,cap_perfmon")) << outcome.err;
    EXPECT_FALSE(fs::exists(path("x.rec")));
}

// ---------------------------------------------------------------------------- formats

TEST_F(Recordings, TextFitsATerminal) {
    const Outcome outcome = report({});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
    for (const char* part : {"In 2.0 s tasks waited 83 times", "HOST        vm, kernel 6.18",
                             "SWITCHES    380", "WAITS       83\n", "LOST        none\n",
                             "contention", "VICTIM", "CULPRIT", "Avoidable: ", "WORST, ENDED"}) {
        EXPECT_TRUE(contains(outcome.out, part)) << part << outcome.out;
    }
    std::istringstream stream(outcome.out);
    for (std::string line; std::getline(stream, line);) {
        EXPECT_LE(line.size(), columns) << line;
    }
}

TEST_F(Recordings, JsonIsOneObjectWithEverything) {
    const Outcome outcome = report({"-f", "json"});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
    const auto objects = json_lines(outcome.out);
    ASSERT_EQ(objects.size(), 1U);
    const json& object = objects.front();
    for (const char* key :
         {"switches", "waits", "lost", "losses", "duration_ns", "percentiles_ns", "causes", "kinds",
          "victims", "culprits", "table", "avoidable", "worst", "damage"}) {
        EXPECT_TRUE(object.contains(key)) << key;
    }
    EXPECT_EQ(object["type"], "report");
    EXPECT_EQ(object["waits"], fixture_waits);
    EXPECT_EQ(object["wait_ns"], fixture_wait_ns);
    EXPECT_EQ(object["lost"], 0);
    EXPECT_TRUE(object["damage"].empty());
}

TEST_F(Recordings, CsvHasAHeadingAndAsManyFieldsInEachRow) {
    const Outcome outcome = report({"-f", "csv"});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(outcome.out.rfind("section,name,", 0), 0U) << outcome.out;
    const auto fields = [](const std::string& row) {
        std::size_t count = 1;
        bool quoted = false;
        for (const char c : row) {
            quoted = quoted != (c == '"');
            count += c == ',' && !quoted ? 1U : 0U;
        }
        return count;
    };
    std::istringstream stream(outcome.out);
    std::string heading;
    std::getline(stream, heading);
    std::size_t rows = 0;
    for (std::string row; std::getline(stream, row); ++rows) {
        EXPECT_EQ(fields(row), fields(heading)) << row;
    }
    EXPECT_GT(rows, 20U);
}

TEST_F(Recordings, StacksSumToTheWaits) {
    const Outcome outcome = report({"--folded"});
    EXPECT_EQ(outcome.code, 0);
    std::uint64_t sum = 0;
    std::istringstream stream(outcome.out);
    for (std::string line; std::getline(stream, line);) {
        EXPECT_EQ(times(line, ";"), 2U) << line;
        sum += std::stoull(line.substr(line.rfind(' ')));
    }
    EXPECT_EQ(sum, fixture_wait_ns);
}

TEST_F(Recordings, EventsAreThoseOfTheLiveTool) {
    const Outcome text = report({"--events"});
    EXPECT_EQ(text.code, 0);
    EXPECT_EQ(text.out.rfind("Tracing run queue latency higher than 0 us\n", 0), 0U) << text.out;
    EXPECT_TRUE(contains(text.err, "83 waits in 2.0 s, 83 kept, 0 lost")) << text.err;
    const Outcome csv = report({"--events", "-f", "csv"});
    EXPECT_EQ(csv.code, 0);
    EXPECT_EQ(lines(csv.out), fixture_waits + 1);
    const Outcome outcome = report({"--events", "-f", "json"});
    EXPECT_EQ(outcome.code, 0);
    const auto objects = json_lines(outcome.out);
    ASSERT_EQ(objects.size(), fixture_waits + 1);
    EXPECT_EQ(objects.back()["type"], "summary");
    std::uint64_t sum = 0;
    for (const json& object : objects) {
        sum += object["type"] == "wait" ? object["wait_ns"].get<std::uint64_t>() : 0;
    }
    EXPECT_EQ(sum, fixture_wait_ns);
    EXPECT_EQ(lines(report({"--events", "-f", "csv", "500"}).out), 2U) << "min_us";
}

TEST_F(Recordings, ASpanHasTheWaitsThatEndInIt) {
    const auto waits = [&](const Args& span) {
        Args args{"-f", "json"};
        args.insert(args.end(), span.begin(), span.end());
        return json_lines(report(args).out).at(0)["waits"].get<std::uint64_t>();
    };
    const std::uint64_t early = waits({"--to", "0.9"});
    EXPECT_GT(early, 0U);
    EXPECT_EQ(early + waits({"--from", "0.9"}), fixture_waits);
    EXPECT_EQ(waits({"-d", "0.9"}), early);
    EXPECT_EQ(waits({"--from", "100"}), 0U);
    EXPECT_TRUE(contains(report({"--from", "100"}).out, "In 0 ns no task waited"));
    EXPECT_FALSE(contains(report({"--from", "100"}).out, " to 03:16:36"))
        << "it would end before it begins";
}

// ---------------------------------------------------------------------------- ways in and out

TEST_F(Recordings, APipeIsAsGoodAsAFile) {
    const std::string bytes = bytes_of(path("good.rec"));
    for (const Args& options : {Args{}, Args{"-f", "json"}, Args{"--events"}}) {
        Args args{"report", "-"};
        args.insert(args.end(), options.begin(), options.end());
        const Outcome outcome = run(args, {.input = bytes});
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        EXPECT_GT(lines(outcome.out), 0U);
        EXPECT_EQ(outcome.out, report(options).out);
    }
}

TEST_F(Recordings, ARecordingCanGoThroughAPipe) {
    const Outcome recorded = run({"record", "--source", "synthetic", "-d", "0.05", "-o", "-"});
    EXPECT_EQ(recorded.code, 0) << recorded.err;
    EXPECT_TRUE(contains(recorded.err, "to standard output")) << recorded.err;
    const Outcome outcome = run({"report", "-", "-f", "json"}, {.input = recorded.out});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    EXPECT_GT(json_lines(outcome.out).at(0)["waits"].get<std::uint64_t>(), 1000U);
}

TEST_F(Recordings, AReportGoesToAFile) {
    const Outcome outcome = report({"-o", path("report.txt")});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out + outcome.err, "");
    EXPECT_EQ(bytes_of(path("report.txt")), report({}).out);
}

TEST_F(Recordings, AReaderThatLeavesIsNoError) {
    for (const Args& options : {Args{}, Args{"-f", "json"}, Args{"-f", "csv"}}) {
        const Outcome outcome = report(options, {.closed_stdout = true});
        EXPECT_EQ(outcome.code, 0) << joined(options);
        EXPECT_EQ(outcome.err, "") << joined(options);
    }
    record_many();
    Program program({"report", path("many.rec"), "--events", "-f", "json"});
    ASSERT_TRUE(program.await("\n"));
    program.close_output();
    EXPECT_EQ(program.finish(), 0) << program.err;
    EXPECT_EQ(program.err, "");
}

TEST_F(Recordings, AFullDiskIsOneClearLine) {
    for (const Args& options :
         {Args{}, Args{"-f", "json"}, Args{"-f", "csv"}, Args{"--events", "-f", "json"}}) {
        const Outcome outcome = report(options, {.stdout_path = "/dev/full"});
        EXPECT_EQ(outcome.code, 1) << joined(options);
        EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
        EXPECT_TRUE(contains(outcome.err, "cannot write to standard output: No space left"))
            << outcome.err;
    }
    const Outcome recorded =
        run({"record", "--source", "synthetic", "-d", "0.05", "-o", "/dev/full"});
    EXPECT_EQ(recorded.code, 1);
    EXPECT_TRUE(contains(recorded.err, "No space left on device; free some space")) << recorded.err;
}

// What the last line counts is what a report finds.
TEST_F(Recordings, WhatFoundNoRoomIsLost) {
    Setting small;
    small.place = [] {
        const rlimit some{300000, 300000};
        (void)::setrlimit(RLIMIT_FSIZE, &some);
    };
    const Outcome recorded = clitest::run(
        {"record", "--source", "synthetic", "-d", "10", "-o", path("full.rec")}, small);
    EXPECT_EQ(recorded.code, 1);
    EXPECT_TRUE(contains(recorded.err, "File too large; raise the limit")) << recorded.err;
    EXPECT_TRUE(contains(recorded.err, "of them since they could not be written")) << recorded.err;
    const json object = json_lines(run({"report", path("full.rec"), "-f", "json"}).out).at(0);
    EXPECT_GT(object["switches"].get<std::uint64_t>(), 0U);
    EXPECT_TRUE(contains(recorded.err, "recorded " + object["switches"].dump() + " switches"))
        << recorded.err;
    EXPECT_TRUE(contains(object["damage"].dump(), "had no room")) << object["damage"];
}

TEST_F(Recordings, AnybodyMayReport) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "cannot become nobody without being root";
    }
    const Outcome outcome = report({}, {.nobody = true});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
    EXPECT_GT(lines(outcome.out), 0U);
    EXPECT_EQ(outcome.out, report({}).out);
}

// ---------------------------------------------------------------------------- what is there

TEST_F(Recordings, WhatIsReadIsNotWrittenOver) {
    const std::string before = bytes_of(path("good.rec"));
    fs::create_symlink(path("good.rec"), path("link"));
    fs::create_hard_link(path("good.rec"), path("twin"));
    for (const Args& options : {Args{"-o", path("good.rec")}, Args{"-o", path("link")},
                                Args{"--events", "-o", path("twin")}}) {
        const Outcome outcome = report(options);
        EXPECT_EQ(outcome.code, usage) << joined(options);
        EXPECT_TRUE(contains(outcome.err, "is what is read; name another file")) << outcome.err;
        EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    }
    const Outcome piped = run({"report", "-", "-o", path("good.rec")}, {.input = before});
    EXPECT_EQ(piped.code, 0) << "what comes through a pipe may be replaced: " << piped.err;
    write("good.rec", before);
    EXPECT_EQ(report({"-o", "/dev/null"}).code, 0);
    EXPECT_EQ(bytes_of(path("good.rec")), before);
}

TEST_F(Recordings, OneFileDoesNotTakeBothWaitsAndRecording) {
    write("old", "old");
    fs::create_symlink(path("old"), path("link"));
    for (const auto& [printed, recorded] :
         {std::pair("old", "old"), std::pair("link", "old"), std::pair("new", "./new")}) {
        const Outcome outcome = run({"0", "--source", "synthetic", "-d", "0.05", "-o",
                                     path(printed), "--record", path(recorded)});
        EXPECT_EQ(outcome.code, usage) << printed;
        EXPECT_TRUE(contains(outcome.err, "would be one file")) << outcome.err;
        EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    }
    EXPECT_EQ(bytes_of(path("old")), "old");
    EXPECT_FALSE(fs::exists(path("new")));
    write("x", "");
    const Outcome shell = run({"0", "--source", "synthetic", "-d", "0.05", "--record", path("x")},
                              {.stdout_path = path("x")});
    EXPECT_EQ(shell.code, usage) << shell.err;
    const Outcome nowhere = run(
        {"0", "--source", "synthetic", "-d", "0.05", "-o", "/dev/null", "--record", "/dev/null"});
    EXPECT_EQ(nowhere.code, 0) << nowhere.err;
}

TEST_F(Recordings, ACommandThatCannotBeRunLeavesEveryFileAsItWas) {
    write("old", "old");
    write("no-program", "#!/bin/sh\n");
    for (const auto& [command, code] :
         {std::pair(std::string("no-such-command"), 127), std::pair(path("nowhere"), 127),
          std::pair(path("no-program"), 126), std::pair(folder_.string(), 126)}) {
        for (const Args& where :
             {Args{"record", "-o", path("old")}, Args{"0", "-o", path("old")}}) {
            Args args = where;
            args.insert(args.end(), {"--", command});
            const Outcome outcome = run(args);
            EXPECT_EQ(outcome.code, code) << joined(args);
            EXPECT_TRUE(contains(outcome.err, "cannot run '" + command + "'")) << outcome.err;
            EXPECT_EQ(bytes_of(path("old")), "old") << joined(args);
        }
    }
}

TEST_F(Recordings, ASignalForAFlightRecorderIsNoHarm) {
    Program program({"record", "--source", "synthetic", "-d", "1", "-o", path("x.rec")});
    for (int i = 0; i < 200 && !fs::exists(path("x.rec")); ++i) {
        ::usleep(5000);
    }
    program.send(SIGUSR1);
    EXPECT_EQ(program.finish(), 0) << program.err;
    EXPECT_EQ(times(program.err, "SIGUSR1 asks a flight recorder"), 1U) << program.err;
    EXPECT_EQ(run({"report", path("x.rec")}).err, "");
}

// ---------------------------------------------------------------------------- rotation

/// A recording in several files, the oldest first.
class Rotated : public Recordings {
  protected:
    static void SetUpTestSuite() {
        std::string name = (fs::temp_directory_path() / "rqs-cli-XXXXXX").string();
        made_ = ::mkdtemp(name.data());
        const Outcome outcome = run({"record", "--source", "synthetic", "--max-size", "1m",
                                     "--rotate", "100", "-d", "1", "-o", made_ / "r.rec"});
        ASSERT_EQ(outcome.code, 0) << outcome.err;
    }
    static void TearDownTestSuite() { fs::remove_all(made_); }

    Rotated() {
        const auto name = [](int i) { return "r.rec" + (i == 0 ? "" : "." + std::to_string(i)); };
        for (int i = 0; fs::exists(made_ / name(i)); ++i) {
            fs::copy_file(made_ / name(i), path(name(i)));
            files_.insert(files_.begin(), path(name(i)));
        }
    }
    void SetUp() override {
        if (files_.size() < 3) {  // with sanitizers
            GTEST_SKIP() << "the program is too slow to fill three files in a second";
        }
    }
    static json report_of(const Args& files) {
        Args args{"report", "-f", "json"};
        args.insert(args.end(), files.begin(), files.end());
        const Outcome outcome = run(args);
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        return json_lines(outcome.out).at(0);
    }

    static inline fs::path made_;
    Args files_;
};

TEST_F(Rotated, FilesAloneTellOfTheirOwnTime) {
    const json all = report_of(files_);
    std::uint64_t waits = 0;
    std::uint64_t duration_ns = 0;
    for (const std::string& file : files_) {
        const json one = report_of({file});
        EXPECT_TRUE(one["damage"].empty()) << one["damage"];
        waits += one["waits"].get<std::uint64_t>();
        duration_ns += one["duration_ns"].get<std::uint64_t>();
    }
    EXPECT_EQ(waits, all["waits"].get<std::uint64_t>());
    EXPECT_EQ(duration_ns, all["duration_ns"].get<std::uint64_t>())
        << "where a file ends the next one begins";
}

TEST_F(Rotated, AFileThatIsLeftOutIsSaidToBe) {
    const std::uint64_t all = report_of(files_)["waits"].get<std::uint64_t>();
    Args some = files_;
    some.erase(some.begin() + 1);
    const json object = report_of(some);
    ASSERT_EQ(object["damage"].size(), 1U) << object["damage"];
    const std::string said = object["damage"][0].get<std::string>();
    EXPECT_TRUE(contains(said, "waits lie between")) << said;
    EXPECT_TRUE(contains(said, "a file of the run was not given")) << said;
    EXPECT_EQ(object["waits"].get<std::uint64_t>() + object["lost"].get<std::uint64_t>(), all);
    // Neither what comes before the first file nor what comes after the last is asked for.
    EXPECT_TRUE(report_of({files_[1]})["damage"].empty());
}

TEST_F(Rotated, ThePartThatIsAskedForIsAllThatMustBeThere) {
    Args some{"report", files_.front(), files_.back(), "-f", "json", "--to", "0.0001"};
    const json object = json_lines(run(some).out).at(0);
    EXPECT_TRUE(object["damage"].empty()) << object["damage"];
    EXPECT_EQ(object["lost"].get<std::uint64_t>(), 0U);
}

TEST_F(Rotated, ACopyIsNotCountedTwice) {
    fs::copy_file(files_.front(), path("copy.rec"));
    Args args{"report", path("copy.rec")};
    args.insert(args.end(), files_.begin(), files_.end());
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.code, usage);
    EXPECT_TRUE(contains(outcome.err, "are copies of one recording; give one of them"))
        << outcome.err;
}

// ---------------------------------------------------------------------------- damage

// A person reads the report, or else the line on stderr; a program reads the field.
TEST_F(Recordings, DamageIsSaidOnceToAPersonAndAlwaysToAProgram) {
    write_cut();
    const std::string what = "ends in the middle";
    const Outcome seen = run({"report", path("cut.rec")}, {.on_terminal = true});
    EXPECT_EQ(seen.code, 0);
    EXPECT_EQ(times(seen.out, what), 1U) << seen.out;
    EXPECT_FALSE(contains(seen.out, "runqslower: ")) << seen.out;

    const Outcome kept = run({"report", path("cut.rec")});
    EXPECT_EQ(kept.code, 0);
    EXPECT_EQ(times(kept.out, what), 1U) << kept.out;
    EXPECT_EQ(kept.err,
              "runqslower: 2 parts of the recording cannot be read; the report lists them\n");

    for (const char* format : {"json", "csv"}) {
        const Outcome data = run({"report", path("cut.rec"), "-f", format}, {.on_terminal = true});
        EXPECT_EQ(times(data.out, what), 1U) << data.out;
        EXPECT_EQ(times(data.out, "runqslower: 2 parts"), 1U) << data.out;
    }
    const Outcome events = run({"report", path("cut.rec"), "--events"}, {.on_terminal = true});
    EXPECT_EQ(times(events.out, "runqslower: "), 2U) << events.out;
    EXPECT_EQ(times(events.out, what), 1U) << events.out;

    EXPECT_EQ(run({"report", path("cut.rec"), "--strict"}).code, 3);
    EXPECT_EQ(report({"--strict"}).code, 0) << "nothing is damaged here";
}

TEST_F(Recordings, FlippedBitsAreDamageAndTheRestIsReported) {
    std::string bytes = bytes_of(path("good.rec"));
    bytes[2500] = static_cast<char>(bytes[2500] ^ 4);
    write("flipped.rec", bytes);
    const Outcome outcome = run({"report", path("flipped.rec"), "-f", "json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    const json object = json_lines(outcome.out).at(0);
    EXPECT_FALSE(object["damage"].empty()) << outcome.out;
    EXPECT_EQ(object["waits"].get<std::uint64_t>() + object["lost"].get<std::uint64_t>(),
              fixture_waits)
        << "what is missing is counted";
    EXPECT_EQ(object["lost"], object["lost_by_reason"]["damage"]);
}

// ---------------------------------------------------------------------------- how it goes

TEST_F(Recordings, ProgressFitsATerminalAndCtrlCEnds) {
    Program program({"record", "--source", "synthetic", "-o", path("x.rec")},
                    {.on_terminal = true});
    ASSERT_TRUE(program.await(" waits lost")) << program.out;
    program.send(SIGINT);
    EXPECT_EQ(program.finish(), 0);
    const std::size_t end = program.out.find("\r\x1b[Krunqslower: recorded ");
    ASSERT_NE(end, std::string::npos) << program.out;
    std::istringstream shown(program.out.substr(0, end));
    std::string line;
    std::getline(shown, line, '\r');
    EXPECT_EQ(line, "");
    while (std::getline(shown, line, '\r')) {
        EXPECT_EQ(line.rfind("\x1b[Krecording: ", 0), 0U) << line;
        EXPECT_LT(line.size(), columns + 3) << line;  // three bytes clear the line
    }
    const Outcome outcome = run({"report", path("x.rec"), "--strict", "-f", "json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(Recordings, NoProgressIsShownInAPipe) {
    const Outcome outcome =
        run({"record", "--source", "synthetic", "-d", "1.5", "-o", path("x.rec")});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("runqslower: recorded ", 0), 0U) << outcome.err;
    EXPECT_FALSE(contains(outcome.err, "\r")) << outcome.err;
}

}  // namespace
}  // namespace rqs::clitest
