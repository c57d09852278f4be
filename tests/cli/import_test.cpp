// SPDX-License-Identifier: BSD-2-Clause
// `import` as a user meets it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "tool.h"
#include "util/folder_for_test.h"

namespace rqs::clitest {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class ImportCommand : public ::testing::Test {
  protected:
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
    static std::string seed(const std::string& name) {
        return RQS_FUZZ_CORPUS_DIR "/import/" + name;
    }

    util::FolderForTest temporary_;
    fs::path folder_ = temporary_.path();
};

TEST_F(ImportCommand, MakesARecordingOfEachFormat) {
    for (const char* name : {"perf", "perf-pipe", "trace-6", "trace-7", "perfetto"}) {
        const Outcome outcome = run({"import", seed(name), "-o", path("x.rec")});
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        EXPECT_EQ(outcome.out, "");
        EXPECT_TRUE(contains(outcome.err, "imported 6 switches and 3 waits from")) << outcome.err;
        EXPECT_TRUE(contains(outcome.err, "of 1 arrivals it is not known")) << outcome.err;
        const Outcome report = run({"report", path("x.rec"), "-f", "json"});
        EXPECT_EQ(report.code, 0);
        EXPECT_EQ(report.err, "") << name;
        const json object = json_lines(report.out).at(0);
        EXPECT_EQ(object["waits"], 3U);
        EXPECT_EQ(object["switches"], 6U);
        EXPECT_TRUE(object["avoidable"].is_null()) << "affinities are not known";
        EXPECT_FALSE(object["imported_from"].get<std::string>().empty());
        EXPECT_TRUE(contains(run({"report", path("x.rec")}).out, "IMPORTED")) << name;
    }
}

TEST_F(ImportCommand, ReadsAndWritesPipes) {
    const Outcome outcome = run({"import", "-", "-o", "-"}, {.input = bytes_of(seed("perf-pipe"))});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const Outcome report = run({"report", "-", "-f", "json"}, {.input = outcome.out});
    EXPECT_EQ(json_lines(report.out).at(0)["waits"], 3U) << report.err;
    const Outcome wrong = run({"import", "-", "-o", "-"}, {.input = bytes_of(seed("perf"))});
    EXPECT_EQ(wrong.code, 1);
    EXPECT_TRUE(contains(wrong.err, "give the file")) << wrong.err;
}

TEST_F(ImportCommand, RefusesWithOneLine) {
    std::ofstream(path("text")) << "hello, this is nothing that anybody recorded\n";
    std::ofstream(path("empty"));
    fs::copy_file(seed("perf"), path("perf"));
    fs::copy_file(RQS_GOLDEN_DIR "/recordings/v1.rec", path("own.rec"));
    expect_refused(
        {
            {{"import", path("nothing")}, "No such file or directory"},
            {{"import", folder_.string()}, "is a directory"},
            {{"import", path("empty")}, "is empty"},
            {{"import", path("text")}, "is of no format that can be imported"},
            {{"import", path("own.rec")}, "is a recording of runqslower already"},
        },
        1);
    expect_refused(
        {
            {{"import"}, "which recording?"},
            {{"import", path("perf"), path("text")}, "of one file; name one"},
            {{"import", path("perf"), "-o", path("perf")}, "is what is read"},
            {{"import", path("perf"), "-f", "json"}, "import does not take --format"},
        },
        usage);
    EXPECT_EQ(bytes_of(path("perf")), bytes_of(seed("perf")));
    EXPECT_FALSE(fs::exists("runqslower.rec"));
}

TEST_F(ImportCommand, SaysWhatIsDamaged) {
    std::string bytes = bytes_of(seed("perf-pipe"));
    std::ofstream(path("cut"), std::ios::binary) << bytes.substr(0, bytes.size() - 50);
    const Outcome outcome = run({"import", path("cut"), "-o", path("x.rec")});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "is cut or damaged")) << outcome.err;
    EXPECT_EQ(lines(outcome.err), 2U) << outcome.err;
    EXPECT_EQ(run({"report", path("x.rec"), "--strict"}).code, 3) << "something is missing";
}

// Where the file does not tell the time of day, it ended when it was written.
TEST_F(ImportCommand, TakesAFilesDateForItsEnd) {
    for (const char* name : {"perf", "perf-pipe", "trace-7"}) {
        const fs::path copy = path(name);
        fs::copy_file(seed(name), copy);
        const timespec written{1'000'000'000, 0};
        const std::array times{written, written};
        ASSERT_EQ(::utimensat(AT_FDCWD, copy.c_str(), times.data(), 0), 0);
        ASSERT_EQ(run({"import", copy, "-o", path("x.rec")}).code, 0);
        const json object = json_lines(run({"report", path("x.rec"), "-f", "json"}).out).at(0);
        EXPECT_TRUE(contains(object["to_time"], ":46:40.00000")) << name << object["to_time"];
        EXPECT_EQ(object["to_time"].get<std::string>().substr(0, 9), "2001-09-0") << name;
    }
}

TEST_F(ImportCommand, TakesAPipeForOneOfThisMachine) {
    const Outcome outcome =
        run({"import", "-", "-o", path("x.rec")}, {.input = bytes_of(seed("perf-pipe"))});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const json object = json_lines(run({"report", path("x.rec"), "-f", "json"}).out).at(0);
    EXPECT_GT(object["to_time"].get<std::string>(), "2020") << "not the beginning of time";
}

// Most CPUs that a recording may have are 8192: what a file says beyond that is damage.
TEST_F(ImportCommand, MakesNoRecordingThatCannotBeRead) {
    std::string bytes = bytes_of(seed("perf"));
    const std::string two_cpus("\2\0\0\0\2\0\0\0", 8);
    const std::size_t at = bytes.find(two_cpus);
    ASSERT_NE(at, std::string::npos);
    bytes[at + 3] = bytes[at + 7] = 0x6c;
    std::ofstream(path("odd"), std::ios::binary) << bytes;
    EXPECT_EQ(run({"import", path("odd"), "-o", path("x.rec")}).code, 0);
    EXPECT_EQ(run({"report", path("x.rec")}).code, 0);
}

}  // namespace
}  // namespace rqs::clitest
