// SPDX-License-Identifier: BSD-2-Clause
// Reports of any content: they fit the screen, and their numbers are those of the report.
#include "sinks/report_tables.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "sinks/columns.h"

namespace rqs {
namespace {

using nlohmann::json;

Group random_group(std::mt19937& random) {
    std::string label(random() % 200, '\0');
    for (char& c : label) {
        c = static_cast<char>(random() % 4 == 0 ? random() % 256 : 'a' + random() % 26);
    }
    return {static_cast<Group::Kind>(random() % 13), random() % 4'194'304, label};
}

SummaryReport random_report(std::mt19937& random) {
    SummaryReport report;
    report.waits = random() % 1'000'000 + 1;
    for (int i = 0; i < 5; ++i) {
        report.table_culprits.push_back(random_group(random));
        report.culprits.push_back({random_group(random), random()});
        report.kinds.push_back({static_cast<WaitKind>(i), random() % 1'000'000, random(), random(),
                                random(), random()});
    }
    for (int i = 0; i < 8; ++i) {
        SummaryReport::TableRow row;
        row.victim = random_group(random);
        for (int k = 0; k < 5; ++k) {
            row.ns.push_back(random());
            row.wait_ns += row.ns.back();
        }
        row.others_ns = random();
        row.wait_ns += row.others_ns;
        report.wait_ns += row.wait_ns;
        report.victims.push_back({row.victim, random() % 1'000'000, row.wait_ns, row.wait_ns,
                                  random() % 2 * random(), random() % 2 * random()});
        report.table.push_back(row);
    }
    return report;
}

std::string tables(const SummaryReport& report, std::size_t width) {
    const ViewOptions view;
    std::string out;
    sinks::append_report_tables(out, report, {view, {}, width, 0});
    return out;
}

TEST(ReportTables, FitTheScreen) {
    std::mt19937 random(1);
    for (int i = 0; i < 100; ++i) {
        const SummaryReport report = random_report(random);
        for (const std::size_t width : {80U, 100U, 200U}) {
            std::istringstream lines(tables(report, width));
            for (std::string each; std::getline(lines, each);) {
                ASSERT_LE(sinks::display_columns(each), width) << each;
            }
        }
    }
}

TEST(ReportTables, FitANarrowScreen) {
    std::mt19937 random(3);
    for (int i = 0; i < 100; ++i) {
        const SummaryReport report = random_report(random);
        for (const std::size_t width : {40U, 79U}) {
            std::istringstream lines(tables(report, width));
            for (std::string each; std::getline(lines, each);) {
                // What is no table is prose, which the terminal breaks.
                ASSERT_TRUE(each.rfind("  ", 0) != 0 || sinks::display_columns(each) <= width)
                    << each;
            }
        }
    }
}

// Culprits for which there is no room are among the others: each row still sums up.
TEST(ReportTables, ShowAsManyCulpritsAsFit) {
    SummaryReport report;
    report.waits = report.wait_ns = 1;
    for (std::uint64_t pid = 1; pid <= 5; ++pid) {
        report.table_culprits.push_back({Group::Kind::process, pid, "hog"});
    }
    report.table.push_back({{Group::Kind::process, 9, "web"},
                            {1'000'000, 2'000'000, 3'000'000, 4'000'000, 5'000'000},
                            6'000'000,
                            21'000'000});
    const auto last_row = [&](std::size_t width) {
        const std::string out = tables(report, width);
        std::istringstream words(out.substr(out.rfind("web 9") + 5));
        std::vector<std::string> cells;
        for (std::string each; words >> each;) {
            cells.push_back(each);
        }
        return cells;
    };
    EXPECT_EQ(last_row(80),
              (std::vector<std::string>{"1.000", "2.000", "3.000", "15.000", "21.000"}));
    EXPECT_EQ(last_row(200), (std::vector<std::string>{"1.000", "2.000", "3.000", "4.000", "5.000",
                                                       "6.000", "21.000"}));
    EXPECT_EQ(last_row(0), last_row(200));
}

TEST(ReportTables, SayWhatPartOfTheTimeAVictimWaited) {
    SummaryReport report;
    report.waits = report.wait_ns = 1;
    report.victims = {{{Group::Kind::process, 9, "web"}, 1, 1, 1, 60, 40},
                      {{Group::Kind::process, 8, "new"}, 1, 1, 1}};
    const std::string out = tables(report, 80);
    EXPECT_NE(out.find("SHARE(%)\n"), std::string::npos);
    EXPECT_NE(out.find(" 40.0\n"), std::string::npos) << out;
    EXPECT_NE(out.find(" -\n"), std::string::npos) << out;
    report.victims.erase(report.victims.begin());
    EXPECT_EQ(tables(report, 80).find("SHARE"), std::string::npos);
}

TEST(ReportTables, TheIdOfATaskIsNeverCut) {
    SummaryReport report;
    report.waits = report.wait_ns = 1;
    report.table_culprits = {{Group::Kind::process, 4'194'304, "fifteen-letters"}};
    report.table = {{{Group::Kind::process, 9, "web"}, {1}, 0, 1}};
    EXPECT_NE(tables(report, 80).find(" fi~ 4194304 "), std::string::npos) << tables(report, 80);
}

TEST(ReportTables, JsonCarriesTheSameRowsWhateverTheNames) {
    std::mt19937 random(2);
    ViewOptions view;
    view.format = Format::json;
    for (int i = 0; i < 100; ++i) {
        const SummaryReport report = random_report(random);
        std::string out;
        std::string talk;
        make_sink({view, {}, 80, 0})->report(out, talk, report);
        ASSERT_EQ(out.find('\n'), out.size() - 1);
        const json object = json::parse(out);
        ASSERT_EQ(object["kinds"].size(), report.kinds.size());
        std::uint64_t total = 0;
        for (const auto& row : object["table"]["rows"]) {
            std::uint64_t sum = 0;
            for (const auto& cell : row["ns"]) {
                sum += cell.get<std::uint64_t>();
            }
            EXPECT_EQ(row["ns"].size(), object["table"]["culprits"].size() + 1);
            EXPECT_EQ(row["wait_ns"], sum);
            total += sum;
        }
        EXPECT_EQ(object["wait_ns"], total);
    }
}

}  // namespace
}  // namespace rqs
