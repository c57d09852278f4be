// SPDX-License-Identifier: BSD-2-Clause
// docs/SQL.md: every example runs and says what it is to say, and nothing of the schema is missing.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "database/database_for_test.h"
#include "session/session.h"
#include "sources/recording.h"

namespace rqs::database {
namespace {

using namespace database_for_test;
using Rows = std::vector<std::string>;

struct Section {
    std::string text;
    std::string sql;
};

/// What stands below each heading of the third level.
std::map<std::string, Section> sections() {
    std::map<std::string, Section> sections;
    std::ifstream file(RQS_GOLDEN_DIR "/../../docs/SQL.md");
    std::string heading;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("### ")) {
            heading = line.substr(4);
        } else if (line.starts_with("```")) {
            inside = line == "```sql";
        } else {
            Section& section = sections[heading];
            (inside ? section.sql : section.text) += line + '\n';
        }
    }
    return sections;
}

std::map<std::string, std::string> examples() {
    std::map<std::string, std::string> examples;
    for (const auto& [heading, section] : sections()) {
        if (!section.sql.empty()) {
            examples[heading] = section.sql;
        }
    }
    return examples;
}

TEST(SqlDocs, EveryExampleRunsOnARecording) {
    const Folder folder;
    const std::string path = folder / "v1.db";
    auto source = RecordingSource::open({RQS_GOLDEN_DIR "/recordings/v1.rec"});
    ASSERT_TRUE(source) << source.error().message;
    auto writer = Writer::create(path, Writer::default_named_tasks);
    ASSERT_TRUE(writer);
    Session::Setup setup;
    setup.cpus = (*source)->info().cpus;
    Session session(setup, {writer->get()});
    session.begin();
    while (!(*source)->ended()) {
        ASSERT_TRUE((*source)->poll({}, session));
    }
    session.end((*source)->now_ns(), (*source)->counters());
    ASSERT_TRUE((*writer)->publish((*source)->info(), {}));
    const Reader database(path);
    const auto all = examples();
    EXPECT_GE(all.size(), 8U);
    for (const auto& [heading, sql] : all) {
        (void)database.rows(sql);
    }
}

TEST(SqlDocs, ExamplesSayWhatTheirHeadingsSay) {
    const std::map<std::string, Rows> expected{
        {"Worst waits",
         {"2026-01-02T02:55:21.000000Z|web|812|0|25.0|contention|/web",
          "2026-01-02T02:55:21.010000Z|ffmpeg|4711|0|10.0|contention|/batch",
          "2026-01-02T02:55:22.500001Z|web|812|1|4.0|throttled|/web"}},
        {"What the worst wait was spent on",
         {"ran|ffmpeg|4711|foreign|20.0", "idle|NULL|NULL|NULL|5.0"}},
        {"What its CPU ran meanwhile", {"1.0|ffmpeg|4711|30.0|preempted"}},
        {"Who delayed a task", {"ffmpeg|4700|1|20.0", "idle|NULL|1|5.0", "throttled|NULL|1|4.0"}},
        {"Victims and culprits by process",
         {"webd|800|ffmpeg|4700|1|20.0", "ffmpeg|4700|webd|800|1|10.0", "webd|800|idle|NULL|1|5.0",
          "webd|800|throttled|NULL|1|4.0"}},
        {"Victims and culprits by cgroup",
         {"/web|/batch|1|20.0", "/batch|/web|1|10.0", "/web|idle|1|5.0", "/web|throttled|1|4.0"}},
        {"Percentiles by cgroup", {"/web|2|4.0|25.0|25.0", "/batch|1|10.0|10.0|10.0"}},
        {"Time waited, second by second", {"1|2|35.0|25.0", "2|1|4.0|4.0"}},
        {"Causes by cgroup",
         {"/web|20000|contention|1|25.0", "/batch|NULL|contention|1|10.0",
          "/web|20000|throttled|1|4.0"}},
        {"CPU time by process", {"4700|ffmpeg|2|20.0|0.666666666666667", "800|webd|1|9.0|0.3"}},
        {"How busy each CPU was", {"0|100.0", "1|0.0"}},
        {"The share of its time that a process waited",
         {"800|webd|29.0|9.0|76.3157894736842", "4700|ffmpeg|10.0|20.0|33.3333333333333"}},
        {"Long waits while another CPU idled", {"1|web|0|25.0|1|25.0", "2|ffmpeg|0|10.0|1|5.0"}},
        {"Waits that overlap a loss",
         {"2026-01-02T02:55:21.500000Z|17|ring|2026-01-02T02:55:22.500001Z|web|4.0"}},
        {"Questions about times, asked often", {}},
    };
    const Folder folder;
    const std::string path = folder / "scene.db";
    write_scene(path);
    const Reader database(path);
    for (const auto& [heading, sql] : examples()) {
        const auto found = expected.find(heading);
        if (found == expected.end()) {
            ADD_FAILURE() << heading << ": what is it to say?";
        } else {
            EXPECT_EQ(database.rows(sql), found->second) << heading;
        }
    }
}

TEST(SqlDocs, NothingOfTheSchemaIsMissing) {
    const Folder folder;
    const std::string path = folder / "scene.db";
    write_scene(path);
    const Reader database(path);
    const auto documented = sections();
    const auto tables = database.rows("SELECT name FROM sqlite_schema WHERE type <> 'index'");
    EXPECT_GE(tables.size(), 16U);
    for (const std::string& table : tables) {
        const auto section = documented.find("`" + table + "`");
        if (section == documented.end()) {
            ADD_FAILURE() << table << " is not documented";
            continue;
        }
        for (const auto& column :
             database.rows("SELECT name FROM pragma_table_info('" + table + "')")) {
            EXPECT_NE(section->second.text.find("`" + column + "`"), std::string::npos)
                << table << '.' << column;
        }
    }
}

}  // namespace
}  // namespace rqs::database
