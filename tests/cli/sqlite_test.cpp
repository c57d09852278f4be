// SPDX-License-Identifier: BSD-2-Clause
// `report --sqlite` as a user meets it: a database beside the output, or nothing and one line.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>

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

constexpr const char* recording = RQS_GOLDEN_DIR "/recordings/v1.rec";

class SqliteTest : public testing::Test {
  protected:
    [[nodiscard]] Outcome report(const Args& more, const Setting& setting = {}) const {
        Args words{"report", recording, "--sqlite", path};
        words.insert(words.end(), more.begin(), more.end());
        return clitest::run(words, setting);
    }

    /// The first column of the first row.
    [[nodiscard]] std::string answer(const std::string& question) const {
        sqlite3* database = nullptr;
        sqlite3_stmt* statement = nullptr;
        std::string text;
        EXPECT_EQ(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr),
                  SQLITE_OK);
        EXPECT_EQ(sqlite3_prepare_v2(database, question.c_str(), -1, &statement, nullptr),
                  SQLITE_OK)
            << sqlite3_errmsg(database);
        EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
        for (const unsigned char* c = sqlite3_column_text(statement, 0); c != nullptr && *c != 0;
             ++c) {
            text += static_cast<char>(*c);
        }
        sqlite3_finalize(statement);
        sqlite3_close(database);
        return text;
    }

    [[nodiscard]] auto files() const {
        return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
    }

    static void expect_one_line(const std::string& text, const std::string& part) {
        EXPECT_EQ(lines(text), 1U) << text;
        EXPECT_TRUE(contains(text, part)) << text;
    }

    util::FolderForTest temporary;
    fs::path folder = temporary.path();
    fs::path path = folder / "out.db";
};

TEST_F(SqliteTest, ADatabaseComesBesideTheReport) {
    const Outcome with = report({"-f", "json"});
    EXPECT_EQ(with.code, 0) << with.err;
    EXPECT_EQ(with.err, "");
    const auto object = nlohmann::json::parse(with.out);
    EXPECT_EQ(answer("SELECT count(*) FROM waits"), object["waits"].dump());
    EXPECT_EQ(answer("SELECT sum(wait_ns) FROM waits"), object["wait_ns"].dump());
    EXPECT_EQ(answer("SELECT count(*) FROM runs"), object["switches"].dump());
    EXPECT_EQ(answer("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(files(), 1);
    // What is printed does not depend on it.
    fs::remove(path);
    for (const char* format : {"text", "json", "csv"}) {
        const Outcome beside = report({"-f", format, "--why=all"});
        fs::remove(path);
        EXPECT_EQ(beside.out, run({"report", recording, "-f", format}).out);
    }
}

TEST_F(SqliteTest, ADatabaseComesBesideEvents) {
    const Outcome outcome = report({"--events", "-f", "json", "10"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const std::size_t waits = times(outcome.out, R"("type":"wait")");
    EXPECT_GT(waits, 0U);
    EXPECT_EQ(answer("SELECT count(*) FROM waits"), std::to_string(waits));
    EXPECT_EQ(answer("SELECT min(wait_ns) > 10000 FROM waits"), "1");
    EXPECT_EQ(answer("SELECT min_us FROM recording"), "10");
}

TEST_F(SqliteTest, FiltersAndSpansApply) {
    ASSERT_EQ(report({}).code, 0);
    const std::string tid = answer(
        "SELECT tid FROM waits_named GROUP BY tid ORDER BY count(*) "
        "DESC LIMIT 1");
    const std::string of_it = answer("SELECT count(*) FROM waits_named WHERE tid = " + tid);
    const std::string early = answer("SELECT count(*) FROM waits_named WHERE at_s <= 0.01");
    fs::remove(path);
    ASSERT_EQ(report({"-t", tid}).code, 0);
    EXPECT_EQ(answer("SELECT count(*) FROM waits"), of_it);
    EXPECT_EQ(answer("SELECT count(DISTINCT task) FROM waits"), "1");
    fs::remove(path);
    ASSERT_EQ(report({"--to", "0.01"}).code, 0);
    EXPECT_EQ(answer("SELECT count(*) FROM waits"), early);
    fs::remove(path);
    ASSERT_EQ(report({"-n", "5", "--why=0"}).code, 0);
    EXPECT_EQ(answer("SELECT count(*) FROM waits"), "5");
    EXPECT_EQ(answer("SELECT count(*) FROM parts WHERE kind = 'ran'"), "0");
}

TEST_F(SqliteTest, NoFileIsReplaced) {
    std::ofstream(path) << "somebody's";
    const Outcome outcome = report({});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out, "");
    expect_one_line(outcome.err, "out.db': File exists; remove it or name another file");
    std::ifstream file(path);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "somebody's");
    EXPECT_EQ(files(), 1);
}

TEST_F(SqliteTest, ADatabaseNeedsAName) {
    for (const char* word : {"-", ""}) {
        const Outcome outcome = run({"report", recording, "--sqlite", word});
        EXPECT_EQ(outcome.code, usage);
        expect_one_line(outcome.err, "--sqlite: ");
    }
}

// The report needs no disk: it is printed all the same.
TEST_F(SqliteTest, WhereThereIsNoRoomNothingIsLeft) {
    Setting setting;
    setting.place = [] {
        const rlimit small{32768, 32768};
        (void)::setrlimit(RLIMIT_FSIZE, &small);
    };
    const Outcome outcome = report({}, setting);
    EXPECT_EQ(outcome.code, 1);
    expect_one_line(outcome.err, "out.db': File too large; raise the limit");
    EXPECT_TRUE(contains(outcome.out, "WAITS"));
    EXPECT_EQ(files(), 0);
}

TEST_F(SqliteTest, ADatabaseOfLessThanAllIsNotLeft) {
    const Outcome outcome = report({"--events"}, {.closed_stdout = true});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_TRUE(contains(outcome.err, "was not written: not all of the recording was read"))
        << outcome.err;
    EXPECT_EQ(files(), 0);
}

}  // namespace
}  // namespace rqs::clitest
