// SPDX-License-Identifier: BSD-2-Clause
// `report --html` as a user meets it. What the page does is in tests/browser.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "html/page_template.h"
#include "tool.h"
#include "util/folder_for_test.h"

namespace rqs::clitest {
namespace {

namespace fs = std::filesystem;

constexpr const char* recording = RQS_GOLDEN_DIR "/recordings/v1.rec";

class HtmlTest : public testing::Test {
  protected:
    void SetUp() override {
        if (html::page_template().empty()) {
            GTEST_SKIP() << "built without npm: there is no page";
        }
    }

    [[nodiscard]] Outcome report(const Args& more, const Setting& setting = {}) const {
        Args words{"report", recording, "--html", path};
        words.insert(words.end(), more.begin(), more.end());
        return clitest::run(words, setting);
    }
    [[nodiscard]] std::string page() const {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    [[nodiscard]] nlohmann::json data() const {
        const std::string whole = page();
        const std::string head = R"(<script type="application/json" id="data">)";
        const std::size_t from = whole.find(head) + head.size();
        return nlohmann::json::parse(whole.substr(from, whole.find("</script>", from) - from));
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
    fs::path path = folder / "out.html";
};

TEST_F(HtmlTest, APageComesBesideTheReport) {
    const Outcome with = report({"-f", "json"});
    EXPECT_EQ(with.code, 0) << with.err;
    EXPECT_EQ(with.err, "");
    EXPECT_EQ(with.out, run({"report", recording, "-f", "json"}).out);
    const auto object = nlohmann::json::parse(with.out);
    const auto facts = data()["recording"];
    EXPECT_EQ(facts["waits"], object["waits"]);
    EXPECT_EQ(facts["wait_ns"], object["wait_ns"]);
    EXPECT_EQ(facts["switches"], object["switches"]);
    EXPECT_EQ(files(), 1);
}

// One file that asks for nothing: no address of another one is in it.
TEST_F(HtmlTest, ThePageNeedsNothingElse) {
    ASSERT_EQ(report({}).code, 0);
    const std::string whole = page();
    EXPECT_EQ(whole.rfind("<!doctype html>", 0), 0U);
    for (const char* part : {"http://", "https://", "@import", "url(", " src=", " href="}) {
        EXPECT_FALSE(contains(whole, part)) << part;
    }
    EXPECT_TRUE(contains(whole, "default-src 'none'"));
    EXPECT_LT(whole.size(), 300'000U);
}

TEST_F(HtmlTest, ItComesBesideEventsAndADatabaseToo) {
    const Outcome outcome =
        report({"--events", "-n", "5", "-f", "json", "--sqlite", folder / "out.db"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(data()["recording"]["waits"], 5);
    EXPECT_EQ(files(), 2);
}

TEST_F(HtmlTest, SpansAndFiltersApply) {
    ASSERT_EQ(report({"--to", "0.5", "10"}).code, 0);
    const auto page = data();
    EXPECT_LT(page["recording"]["waits"], 83);
    EXPECT_EQ(page["recording"]["min_us"], 10);
    for (const auto& wait : page["waits"]) {
        EXPECT_GT(wait[1], 10'000);
        EXPECT_LE(wait[0], 500'000'000);
    }
}

TEST_F(HtmlTest, NoFileIsReplaced) {
    std::ofstream(path) << "somebody's";
    const Outcome outcome = report({});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out, "");
    expect_one_line(outcome.err, "out.html': File exists; remove it or name another file");
    EXPECT_EQ(page(), "somebody's");
    EXPECT_EQ(files(), 1);
}

TEST_F(HtmlTest, TwoFilesNeedTwoNames) {
    const std::string twice = (folder / "." / "out.html").string();
    for (const char* other : {"--sqlite", "--perfetto", "-o"}) {
        const Outcome outcome = report({other, twice});
        EXPECT_EQ(outcome.code, usage) << other;
        expect_one_line(outcome.err, "is named for two files; name another one");
        EXPECT_EQ(files(), 0);
    }
}

TEST_F(HtmlTest, APageNeedsAName) {
    for (const char* word : {"-", ""}) {
        const Outcome outcome = run({"report", recording, "--html", word});
        EXPECT_EQ(outcome.code, usage);
        expect_one_line(outcome.err, "--html: ");
    }
}

// The report needs no disk: it is printed all the same.
TEST_F(HtmlTest, WhereThereIsNoRoomNothingIsLeft) {
    Setting setting;
    setting.place = [] {
        const rlimit small{32768, 32768};
        (void)::setrlimit(RLIMIT_FSIZE, &small);
    };
    const Outcome outcome = report({}, setting);
    EXPECT_EQ(outcome.code, 1);
    expect_one_line(outcome.err, "out.html': ");
    EXPECT_TRUE(contains(outcome.err, "File too large"));
    EXPECT_TRUE(contains(outcome.out, "WAITS"));
    EXPECT_EQ(files(), 0);
}

TEST_F(HtmlTest, APageOfLessThanAllIsNotLeft) {
    const Outcome outcome = report({"--events"}, {.closed_stdout = true});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_TRUE(contains(outcome.err, "was not written: not all of the recording was read"))
        << outcome.err;
    EXPECT_EQ(files(), 0);
}

}  // namespace
}  // namespace rqs::clitest
