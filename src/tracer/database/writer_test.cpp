// SPDX-License-Identifier: BSD-2-Clause
#include "database/writer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "consumers/reporter.h"
#include "database/database_for_test.h"
#include "session/session.h"
#include "sinks/recording_report.h"
#include "sources/recording.h"

namespace rqs::database {
namespace {

using namespace database_for_test;
using nlohmann::json;
using Rows = std::vector<std::string>;

TEST(DatabaseWriter, WritesEachEventAsARow) {
    const Folder folder;
    const std::string path = folder / "scene.db";
    write_scene(path);
    const Reader database(path);
    EXPECT_EQ(database.row("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(database.row("PRAGMA user_version"), "1");
    EXPECT_EQ(database.rows("PRAGMA foreign_key_check"), Rows{});
    EXPECT_EQ(database.row("SELECT * FROM recording"),
              "web-1|||runqslower 0.2.0|runqslower record|2|520000000000|523000000000|3|4|3|"
              "39000000|20|4");
    EXPECT_EQ(database.rows("SELECT * FROM cpus"), (Rows{"0|0|0|NULL", "1|1|0|NULL"}));
    EXPECT_EQ(database.rows("SELECT * FROM processes"),
              (Rows{"800|webd|1|init", "4700|ffmpeg|NULL|NULL"}));
    EXPECT_EQ(database.rows("SELECT tid, pid, comm FROM tasks ORDER BY tid"),
              (Rows{"0|0|swapper/1", "812|800|web", "4711|4700|ffmpeg"}));
    EXPECT_EQ(database.rows("SELECT kernel_id, hierarchy, path, weight, quota_us, period_us, "
                            "quota_path FROM cgroups ORDER BY 1"),
              (Rows{"10|cpu|/web|100|20000|100000|/web", "20|cpu|/batch|10|NULL|NULL|NULL"}));
    EXPECT_EQ(database.rows("SELECT cpu, ts_ns, length_ns, ran_ns, state FROM runs ORDER BY id"),
              (Rows{"0|NULL|NULL|NULL|unknown", "0|521000000000|30000000|20000000|preempted",
                    "1|521005000000|50000000|50000000|asleep",
                    "0|521010000000|10000000|9000000|asleep"}));
    EXPECT_EQ(database.rows("SELECT wait, part, kind, ns, relation, prio, tasks FROM parts"),
              (Rows{"1|0|ran|20000000|foreign|120|1", "1|1|idle|5000000|NULL|NULL|1",
                    "2|0|ran|10000000|foreign|120|1", "3|0|throttled|4000000|NULL|NULL|1"}));
    EXPECT_EQ(database.rows("SELECT cpu, lost, reason FROM losses"),
              (Rows{"1|17|ring", "NULL|3|damage"}));
    EXPECT_EQ(database.rows("SELECT line FROM damage"), Rows{"block 7 is damaged"});
}

TEST(DatabaseWriter, TimesFollowTheClock) {
    const Folder folder;
    const std::string path = folder / "scene.db";
    write_scene(path);
    const Reader database(path);
    EXPECT_EQ(database.rows("SELECT time, at_s FROM waits_named"),
              (Rows{"2026-01-02T02:55:21.000000Z|1.0", "2026-01-02T02:55:21.010000Z|1.01",
                    "2026-01-02T02:55:22.500001Z|2.5"}));
    EXPECT_EQ(database.rows("SELECT from_time, to_time, for_s FROM losses_timed"),
              (Rows{"2026-01-02T02:55:21.500000Z|2026-01-02T02:55:22.600001Z|1.1",
                    "2026-01-02T02:55:22.600001Z|2026-01-02T02:55:22.700001Z|0.1"}));
}

/// One wait in a database of its own.
class OneWait {
  public:
    OneWait() {
        auto made = Writer::create(path_, 16);
        EXPECT_TRUE(made);
        writer_ = std::move(*made);
        writer_->begin(run_info(names));
    }
    Reader write(const Wait& wait) {
        writer_->wait(wait);
        writer_->end({});
        EXPECT_TRUE(writer_->publish(info(), {}));
        return Reader(path_);
    }
    KnownNames names;

  private:
    Folder folder_;
    std::string path_ = folder_ / "one.db";
    std::unique_ptr<Writer> writer_;
};

TEST(DatabaseWriter, NamesAreWhatJsonSaysOfThem) {
    OneWait one;
    const std::string_view hostile = "\x1b'\"\n\xff\xe2\x80\xae;";
    Wait wait = database_for_test::wait(web(), 10, began, {});
    wait.task.comm = Comm::from(hostile);
    one.names.learn(CgroupInfo{10, std::string("/\0\xfe", 3), std::nullopt, 0, 0, ""});
    const Reader database = one.write(wait);
    const std::string valid = "\x1b'\"\n\xef\xbf\xbd\xe2\x80\xae;";
    EXPECT_EQ(database.row("SELECT comm, cgroup, typeof(comm) FROM waits_named"),
              valid + "|/\xef\xbf\xbd\xef\xbf\xbd|text");
}

TEST(DatabaseWriter, KnowsTwoHierarchiesAndTheWaker) {
    OneWait one;
    one.names.learn(CgroupInfo{10, "/cpu-one", std::nullopt, 0, 0, ""});
    one.names.learn(CgroupInfo{10, "/v2-one", std::nullopt, 0, 0, "", true});
    Wait wait = database_for_test::wait(web(), 11, began, {});
    wait.cgroup_id = 10;
    wait.waker = Waker{ffmpeg(), 3, true};
    const Reader database = one.write(wait);
    EXPECT_EQ(database.row("SELECT cgroup, v2_cgroup, waker_comm, waker_cpu, waker_context "
                           "FROM waits_named"),
              "NULL|/v2-one|ffmpeg|3|interrupt");
}

// Names of a recording may come behind the first task that has them.
TEST(DatabaseWriter, NamesThatAreToldLaterAreWritten) {
    const Folder folder;
    KnownNames names;
    auto writer = Writer::create(folder / "late.db", 16);
    ASSERT_TRUE(writer);
    (*writer)->begin(run_info(names));
    (*writer)->wait(wait(web(), 10, began, {}));
    learn(names);
    (*writer)->end({});
    ASSERT_TRUE((*writer)->publish(info(), {}));
    EXPECT_EQ(Reader(folder / "late.db").row("SELECT process, cgroup FROM waits_named"),
              "webd|/web");
}

// More tasks and cgroups than the caches hold: each has one row all the same.
TEST(DatabaseWriter, ManyTasksHaveARowEach) {
    const Folder folder;
    KnownNames names;
    auto writer = Writer::create(folder / "many.db", 16);
    ASSERT_TRUE(writer);
    (*writer)->begin(run_info(names));
    constexpr std::uint32_t tasks = 60'000;
    for (std::uint32_t i = 0; i < 2 * tasks; ++i) {
        Ran ran;
        ran.task = {i % tasks + 1, i % tasks + 1, Comm::from("t")};
        ran.cgroup_id = i % tasks / 6 + 1;
        (*writer)->ran(ran);
    }
    (*writer)->end({});
    ASSERT_TRUE((*writer)->publish(info(), {}));
    const Reader database(folder / "many.db");
    EXPECT_EQ(database.row("SELECT count(*), count(DISTINCT tid) FROM tasks"), "60000|60000");
    EXPECT_EQ(database.row("SELECT count(*), count(DISTINCT kernel_id) FROM cgroups"),
              "10000|10000");
    EXPECT_EQ(database.row("SELECT count(*) FROM runs r JOIN tasks t ON t.id = r.task "
                           "WHERE t.tid = (r.id - 1) % 60000 + 1"),
              "120000");
}

TEST(DatabaseWriter, LeavesNothingWhereItIsNotPublished) {
    const Folder folder;
    {
        KnownNames names;
        auto writer = Writer::create(folder / "half.db", 16);
        ASSERT_TRUE(writer);
        (*writer)->begin(run_info(names));
        tell(**writer);
    }
    EXPECT_TRUE(folder.empty());
}

// The recording that is read for ever, as its report in JSON has it.
TEST(DatabaseWriter, SumsAreThoseOfTheReport) {
    const Folder folder;
    const std::string path = folder / "v1.db";
    auto source = RecordingSource::open({RQS_GOLDEN_DIR "/recordings/v1.rec"});
    ASSERT_TRUE(source) << source.error().message;
    auto writer = Writer::create(path, 16);
    ASSERT_TRUE(writer);
    Reporter reporter(GroupBy::process);
    const RecordingInfo& info = (*source)->info();
    Session::Setup setup;
    setup.cpus = info.cpus;
    setup.began_ns = info.began_ns;
    setup.realtime_offset_ns = info.realtime_offset_ns;
    Session session(setup, {&reporter, writer->get()});
    session.begin();
    while (!(*source)->ended()) {
        ASSERT_TRUE((*source)->poll({}, session));
    }
    session.end((*source)->now_ns(), (*source)->counters());
    ASSERT_TRUE((*writer)->publish(info, {}));
    std::string text;
    sinks::append_recording_report(text, Format::json, reporter.take_report(), 0);
    const json report = json::parse(text);

    const Reader database(path);
    const auto is = [&](const char* statement, const json& expected) {
        EXPECT_EQ(database.row(statement), expected.dump()) << statement;
    };
    ASSERT_GT(report["waits"], 0);
    is("SELECT count(*) FROM waits", report["waits"]);
    is("SELECT sum(wait_ns) FROM waits", report["wait_ns"]);
    is("SELECT sum(ns) FROM parts", report["wait_ns"]);
    is("SELECT max(wait_ns) FROM waits", report["percentiles_ns"]["max"]);
    is("SELECT count(*) FROM runs", report["switches"]);
    is("SELECT count(*) > 0 FROM runs WHERE state = 'asleep'", 1);
    is("SELECT coalesce(sum(lost), 0) FROM losses", report["lost"]);
    is("SELECT sum(ns) FROM victim_culprit", report["wait_ns"]);
    for (const char* each :
         {"switches", "waits", "wait_ns", "lost", "left_out", "min_us", "from_ns", "to_ns"}) {
        is(("SELECT " + std::string(each) + " FROM recording").c_str(), report[each]);
    }
    for (const json& cause : report["causes"]) {
        const std::string name = cause["cause"];
        is(("SELECT count(*) FROM waits WHERE cause = '" + name + "'").c_str(), cause["waits"]);
    }
    for (const json& victim : report["victims"]) {
        if (victim.contains("pid")) {
            const std::string of = " FROM waits_named WHERE pid = " + victim["pid"].dump();
            is(("SELECT sum(wait_ns)" + of).c_str(), victim["wait_ns"]);
            is(("SELECT DISTINCT json_quote(process)" + of).c_str(), victim["comm"]);
        }
    }
    EXPECT_EQ(database.rows("SELECT w.id FROM waits w LEFT JOIN parts p ON p.wait = w.id "
                            "GROUP BY w.id HAVING w.wait_ns <> sum(p.ns)"),
              Rows{});
    EXPECT_EQ(database.rows("PRAGMA foreign_key_check"), Rows{});
}

}  // namespace
}  // namespace rqs::database
