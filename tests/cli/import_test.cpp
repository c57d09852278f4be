// SPDX-License-Identifier: BSD-2-Clause
// `import` as a user meets it.
#include <gtest/gtest.h>

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
}

}  // namespace
}  // namespace rqs::clitest
