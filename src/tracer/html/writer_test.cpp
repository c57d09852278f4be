// SPDX-License-Identifier: BSD-2-Clause
// The page as a file: what is in it, how large it gets, and that no name gets out of its string.
#include "html/writer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "html/page_template.h"
#include "html/scene_for_test.h"
#include "util/folder_for_test.h"

namespace rqs::html {
namespace {

using namespace html_for_test;
using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view end_of_script = "</script>";
constexpr std::string_view image = "<img src=x>\"'&";

/// Writes pages into a folder of its own.
class HtmlWriter : public testing::Test {
  protected:
    void SetUp() override {
        if (page_template().empty()) {
            GTEST_SKIP() << "built without npm: there is no page";
        }
    }

    [[nodiscard]] std::string path() const { return folder_ / "page.html"; }
    [[nodiscard]] std::string written() const {
        std::ifstream file(path(), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    /// What stands in the page's data element.
    [[nodiscard]] json data() const {
        const std::string page = written();
        const std::string head = R"(<script type="application/json" id="data">)";
        const std::size_t from = page.find(head) + head.size();
        return json::parse(page.substr(from, page.find(end_of_script, from) - from));
    }
    [[nodiscard]] std::unique_ptr<Writer> create() const {
        auto made = Writer::create(path(), GroupBy::process);
        EXPECT_TRUE(made) << made.error().message;
        return std::move(*made);
    }

    util::FolderForTest temporary_;
    fs::path folder_ = temporary_.path();
};

TEST_F(HtmlWriter, SaysWhatHappened) {
    auto writer = create();
    const RunInfo run = run_info();
    writer->begin(run);
    tell(*writer, "web", "ffmpeg", 100);
    ASSERT_TRUE(writer->publish(info("host-1"), {"block 7 is damaged"}));
    const json page = data();
    EXPECT_EQ(page["recording"]["waits"], 100);
    EXPECT_EQ(page["recording"]["wait_ns"], 500 * ms);
    EXPECT_EQ(page["recording"]["longest_ns"], 5 * ms);
    EXPECT_EQ(page["recording"]["duration_ns"], 500 * ms);
    EXPECT_EQ(page["waits"].size(), 100U);
    EXPECT_EQ(page["damage"][0], "block 7 is damaged");
    EXPECT_EQ(page["runs"]["complete"], true);
    std::vector<std::string> labels;
    for (const json& actor : page["actors"]) {
        labels.push_back(actor[1]);
    }
    EXPECT_EQ(labels, (std::vector<std::string>{"", "", "web", "ffmpeg"}));
}

TEST_F(HtmlWriter, NoNameLeavesItsString) {
    auto writer = create();
    const RunInfo run = run_info();
    writer->begin(run);
    tell(*writer, end_of_script, image, 10);
    const std::string separators = "\xe2\x80\xa8\xe2\x80\xae<!--\xff\x1b";
    ASSERT_TRUE(writer->publish(info(separators), {"<script>alert(1)</script>"}));
    const std::string page = written();
    const std::string head = R"(id="data">)";
    const std::size_t from = page.find(head) + head.size();
    const std::string between = page.substr(from, page.find(end_of_script, from) - from);
    EXPECT_EQ(between.find_first_of("<>&"), std::string::npos);
    for (const char c : between) {
        EXPECT_TRUE(c >= ' ' && c <= '~');
    }
    const json object = json::parse(between);
    EXPECT_EQ(object["actors"][2][1], end_of_script);
    EXPECT_EQ(object["actors"][3][1], image);
    EXPECT_EQ(object["damage"][0], "<script>alert(1)</script>");
}

// Far more switches, tasks and CPUs than a page has room for.
TEST_F(HtmlWriter, APageIsBounded) {
    auto writer = create();
    const RunInfo run = run_info(64);
    writer->begin(run);
    std::uint64_t now = began;
    for (std::uint32_t i = 0; i < 700'000; ++i) {
        now += 700 + i * 2654435761U % 5000;
        const TaskId who = task(1 + i * 40503U % 30'000, "task-" + std::to_string(i % 5000));
        writer->ran(ran(i % 64, who, now, 64 * 3000));
        if (i % 8 == 0) {
            const TaskId other = task(1 + i * 7919U % 30'000, "task-" + std::to_string(i % 4999));
            Wait one = wait(other, now, {ran_part(who, 1 + i % 900'000)});
            one.cpu = i % 64;
            writer->wait(one);
        }
    }
    RunEnd end;
    end.ended_ns = now;
    writer->end(end);
    ASSERT_TRUE(writer->publish(info("large"), {}));
    EXPECT_LT(fs::file_size(path()), 10'000'000U);
    EXPECT_GT(fs::file_size(path()), 3'000'000U);  // and what there is room for is there
    EXPECT_EQ(data()["runs"]["complete"], false);
}

TEST_F(HtmlWriter, WithoutPublishNothingIsLeft) {
    {
        auto writer = create();
        const RunInfo run = run_info();
        writer->begin(run);
        tell(*writer, "a", "b", 3);
    }
    EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(HtmlWriter, NothingAtAllIsAPageToo) {
    auto writer = create();
    const RunInfo run = run_info();
    writer->begin(run);
    writer->end({});
    ASSERT_TRUE(writer->publish(info("empty"), {}));
    EXPECT_EQ(data()["recording"]["waits"], 0);
}

/// For tests/browser: more than a million waits, kept where RQS_LARGE_PAGE says.
TEST_F(HtmlWriter, LargePageForTheBrowser) {
    const char* kept = std::getenv("RQS_LARGE_PAGE");
    if (kept == nullptr) {
        GTEST_SKIP() << "RQS_LARGE_PAGE is not set";
    }
    fs::remove(kept);
    auto made = Writer::create(kept, GroupBy::process);
    ASSERT_TRUE(made);
    const RunInfo run = run_info();
    (*made)->begin(run);
    const std::vector<TaskId> tasks = {task(1, "web"), task(2, "db"), task(3, "cache")};
    std::uint64_t now = began;
    for (std::uint32_t i = 0; i < 1'100'000; ++i) {
        // Most are of one length: the tallest bar of the histogram has nearly a million.
        const std::uint64_t slice =
            i % 8 == 0 ? 2'000 + i * 2654435761U % 60'000 : 36'000 + i * 2654435761U % 5'000;
        now += slice;
        const TaskId& running = tasks[i % 3];
        (*made)->ran(ran(0, running, now, slice));
        (*made)->wait(
            wait(tasks[(i + 1) % 3], now, {ran_part(running, i % 5000 == 0 ? 40 * ms : slice)}));
    }
    RunEnd end;
    end.ended_ns = now;
    (*made)->end(end);
    ASSERT_TRUE((*made)->publish(info("large"), {}));
}

/// For tests/browser: a page whose names try everything, kept where RQS_HOSTILE_PAGE says.
TEST_F(HtmlWriter, HostilePageForTheBrowser) {
    const char* kept = std::getenv("RQS_HOSTILE_PAGE");
    if (kept == nullptr) {
        GTEST_SKIP() << "RQS_HOSTILE_PAGE is not set";
    }
    fs::remove(kept);
    auto made = Writer::create(kept, GroupBy::process);
    ASSERT_TRUE(made);
    const RunInfo run = run_info();
    (*made)->begin(run);
    (*made)->loss({1, began + 100 * ms, began + 200 * ms, 17, LossReason::ring});
    (*made)->loss({Loss::any_cpu, began + 300 * ms, began + 310 * ms, 3, LossReason::damage});
    tell(**made, end_of_script, "<img src=x", 100);
    ASSERT_TRUE((*made)->publish(
        info("<script>window.broken=1</script>"),
        {"</script><script>window.broken=1</script>", "<img src=x onerror=window.broken=1>"}));
}

}  // namespace
}  // namespace rqs::html
