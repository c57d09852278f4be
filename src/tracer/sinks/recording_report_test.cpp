// SPDX-License-Identifier: BSD-2-Clause
// What is printed of a recording: the golden files show it, the rest must hold for any.
#include "sinks/recording_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "sinks/columns.h"
#include "sinks/recording_for_test.h"
#include "util/safe_text.h"

namespace rqs::sinks {
namespace {

using nlohmann::json;
using recording_for_test::hostile_report;
using recording_for_test::idle_report;
using recording_for_test::report;

class RecordingReportTest : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
    }
};

std::string printed(Format format, const RecordingReport& report, std::size_t width = 80) {
    std::string out;
    append_recording_report(out, format, report, width);
    return out;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void compare(const std::string& name, const std::string& actual) {
    const auto path = std::filesystem::path(RQS_GOLDEN_DIR) / name;
    if (const char* update = std::getenv("RQS_UPDATE_GOLDEN"); update != nullptr && *update != 0) {
        std::ofstream(path, std::ios::binary) << actual;
        return;
    }
    EXPECT_EQ(actual, content(path)) << path;
}

/// Valid UTF-8 in which no control character but ends of lines stands.
void expect_safe(std::string_view text) {
    while (!text.empty()) {
        char32_t code = 0;
        const std::size_t length = util::utf8_sequence(text, code);
        ASSERT_GT(length, 0U) << text;
        ASSERT_TRUE(code >= U' ' || code == U'\n' || code == U'\r') << text;
        ASSERT_NE(code, U'\u202e');
        text.remove_prefix(length);
    }
}

TEST_F(RecordingReportTest, Golden) {
    compare("report.txt", printed(Format::text, report()));
    compare("report.jsonl", printed(Format::json, report()));
    compare("report.csv", printed(Format::csv, report()));
    compare("report-idle.csv", printed(Format::csv, idle_report()));
    compare("report-hostile.txt", printed(Format::text, hostile_report()));
    compare("report-hostile.jsonl", printed(Format::json, hostile_report()));
    compare("report-hostile.csv", printed(Format::csv, hostile_report()));
}

TEST_F(RecordingReportTest, HostileNamesAreSafe) {
    for (const Format format : {Format::text, Format::json, Format::csv}) {
        ASSERT_TRUE(reports_recordings(format));
        expect_safe(printed(format, hostile_report()));
    }
}

TEST_F(RecordingReportTest, NotEveryFormatOfEventsHasAReport) {
    const auto other = static_cast<Format>(3);
    EXPECT_FALSE(reports_recordings(other));
    EXPECT_EQ(printed(other, report()), "");
}

TEST_F(RecordingReportTest, TextFitsTheScreen) {
    for (const std::size_t width : {80U, 100U, 200U}) {
        for (const auto& each : {report(), hostile_report()}) {
            for (const std::string& line : lines_of(printed(Format::text, each, width))) {
                EXPECT_LE(display_columns(line), width) << line;
            }
        }
    }
}

TEST_F(RecordingReportTest, TheAnswerIsOnTheFirstScreen) {
    const auto lines = lines_of(printed(Format::text, report()));
    std::string screen;
    for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), 24); ++i) {
        screen += lines[i] + '\n';
    }
    for (const std::string_view each :
         {"web 800 waited most", "contention", "ffmpeg 4700", "web-1", "6.12.0", "4 CPUs",
          "2026-01-02 02:55:20", "1234567", "20 waits (ring", "3 waits (damage", "p99.99"}) {
        EXPECT_TRUE(contains(screen, each)) << each << '\n' << screen;
    }
}

TEST_F(RecordingReportTest, TextWithNothingToShow) {
    RecordingReport nothing;
    const std::string out = printed(Format::text, nothing);
    EXPECT_TRUE(contains(out, "no task waited for a CPU")) << out;
    EXPECT_FALSE(contains(out, "nan")) << out;
    EXPECT_EQ(json::parse(printed(Format::json, nothing))["host"], nullptr);
}

TEST_F(RecordingReportTest, LossesOfTextAreFewLinesWithAllThatWasLost) {
    RecordingReport many = report();
    many.losses.clear();
    for (std::uint64_t i = 0; i < 900; ++i) {
        many.losses.push_back({static_cast<std::uint32_t>(i % 300), i * 1'000'000'000, 0, 1,
                               i % 2 == 0 ? LossReason::ring : LossReason::damage});
    }
    std::uint64_t lost = 0;
    std::size_t shown = 0;
    bool inside = false;
    for (const std::string& line : lines_of(printed(Format::text, many))) {
        if (inside && !line.empty()) {
            std::istringstream words(line);
            std::string clock;
            std::string at;
            std::string span;
            std::string cpu;
            std::uint64_t waits = 0;
            words >> clock >> at >> span >> cpu >> waits;
            lost += waits;
            ++shown;
        }
        inside = (inside && !line.empty()) || contains(line, "LOST FROM");
    }
    EXPECT_LE(shown, 20U);
    EXPECT_EQ(lost, 900U);
}

TEST_F(RecordingReportTest, JsonIsOneObjectWithEverything) {
    const std::string out = printed(Format::json, report());
    EXPECT_EQ(out.find('\n'), out.size() - 1);
    const json object = json::parse(out);
    for (const char* each :
         {"type",           "switches",  "waits",     "lost",    "losses",   "duration_ns",
          "percentiles_ns", "causes",    "kinds",     "victims", "culprits", "table",
          "avoidable",      "worst",     "histogram", "host",    "kernel",   "command_line",
          "time",           "from_time", "to_time",   "damage",  "headline"}) {
        EXPECT_TRUE(object.contains(each)) << each;
    }
    EXPECT_EQ(object["type"], "report");
    EXPECT_EQ(object["avoidable"], nullptr);
    EXPECT_EQ(object["switches"], 1'234'567);
    EXPECT_EQ(object["lost_by_reason"]["ring"], 20);
    EXPECT_EQ(object["lost_by_reason"]["damage"], 3);
    EXPECT_EQ(object["losses"][0]["cpu"], 1);
    EXPECT_EQ(object["losses"][1]["cpu"], nullptr);
    EXPECT_EQ(object["losses"][1]["reason"], "damage");
    EXPECT_EQ(object["worst"][0]["why"][0]["comm"], "ffmpeg");
    std::uint64_t waits = 0;
    for (const auto& bucket : object["histogram"]) {
        waits += bucket["waits"].get<std::uint64_t>();
    }
    EXPECT_EQ(waits, 1'000U);
    // No member twice: what comes later would hide what comes first.
    for (const auto& [key, value] : object.items()) {
        const std::string top = ",\"" + key + "\":";
        (void)value;
        EXPECT_TRUE(key == "type" || contains(out, top)) << key;
    }
}

/// Fields of a line without its end, quotes taken off.
std::vector<std::string> fields_of(std::string_view line) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (const char c : line) {
        if (c == '"') {
            quoted = !quoted;
        } else if (c == ',' && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += c;
        }
    }
    return fields;
}

TEST_F(RecordingReportTest, CsvIsARectangle) {
    for (const auto& each : {report(), idle_report(), hostile_report(), RecordingReport()}) {
        for (std::string line : lines_of(printed(Format::csv, each))) {
            ASSERT_EQ(line.back(), '\r');
            line.pop_back();
            EXPECT_EQ(fields_of(line).size(), 15U) << line;
        }
    }
}

TEST_F(RecordingReportTest, EverySectionOfCsvIsDocumented) {
    const std::string docs =
        content(std::filesystem::path(RQS_GOLDEN_DIR) / "../../docs/OUTPUT_SCHEMA.md");
    auto lines = lines_of(printed(Format::csv, idle_report()));
    lines.erase(lines.begin());
    for (const std::string& line : lines) {
        const std::string section = fields_of(line).front();
        EXPECT_TRUE(contains(docs, "\n| `" + section + "` | ")) << section;
    }
}

TEST_F(RecordingReportTest, CsvHasTheSameAvoidableFiguresAsJson) {
    const json avoidable = json::parse(printed(Format::json, idle_report()))["avoidable"];
    std::size_t facts = 0;
    std::size_t cpus = 0;
    std::size_t victims = 0;
    for (const std::string& line : lines_of(printed(Format::csv, idle_report()))) {
        const auto fields = fields_of(line.substr(0, line.size() - 1));
        if (fields[0] == "avoidable") {
            EXPECT_EQ(fields[14], avoidable[fields[1]].dump()) << line;
            ++facts;
        } else if (fields[0] == "avoidable_victim") {
            EXPECT_EQ(fields[12], avoidable["victims"][victims]["ns"].dump()) << line;
            EXPECT_EQ(fields[7].empty(), !avoidable["victims"][victims].contains("idle_cpu"));
            ++victims;
        } else if (fields[0] == "cpu") {
            const json& cpu = avoidable["cpus"][cpus / 5];
            EXPECT_EQ(fields[7], cpu["cpu"].dump());
            EXPECT_EQ(fields[14], cpu[fields[1]].dump()) << line;
            ++cpus;
        }
    }
    // Everything but the two lists, which are rows of their own.
    EXPECT_EQ(facts, avoidable.size() - 2);
    EXPECT_EQ(victims, avoidable["victims"].size());
    EXPECT_EQ(cpus, avoidable["cpus"].size() * 5);
}

TEST_F(RecordingReportTest, TheHeadingOfCsvIsDocumented) {
    std::string heading = lines_of(printed(Format::csv, report())).front();
    heading.pop_back();
    const std::string docs =
        content(std::filesystem::path(RQS_GOLDEN_DIR) / "../../docs/OUTPUT_SCHEMA.md");
    EXPECT_TRUE(contains(docs, "\n    " + heading + "\n")) << heading;
}

TEST_F(RecordingReportTest, EveryMemberOfJsonIsDocumented) {
    const std::string docs =
        content(std::filesystem::path(RQS_GOLDEN_DIR) / "../../docs/OUTPUT_SCHEMA.md");
    const json object = json::parse(printed(Format::json, report()));
    for (const auto& [key, value] : object.items()) {
        (void)value;
        EXPECT_TRUE(contains(docs, "`" + key + "`")) << key;
    }
}

}  // namespace
}  // namespace rqs::sinks
