// SPDX-License-Identifier: BSD-2-Clause
// Databases to ask: how, and one that was written by hand.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "database/writer.h"
#include "util/deleter.h"
#include "util/folder_for_test.h"

namespace rqs::database_for_test {

using Folder = util::FolderForTest;

class Reader {
  public:
    explicit Reader(const std::string& path) {
        sqlite3* handle = nullptr;
        EXPECT_EQ(sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr),
                  SQLITE_OK);
        handle_.reset(handle);
    }

    /// A text for each row, with `|` between its columns. What is wrong with a statement is a
    /// failure of the test.
    [[nodiscard]] std::vector<std::string> rows(const std::string& statements) const {
        std::vector<std::string> rows;
        char* message = nullptr;
        const int code = sqlite3_exec(handle_.get(), statements.c_str(), add_row, &rows, &message);
        EXPECT_EQ(code, SQLITE_OK) << statements << '\n' << (message == nullptr ? "" : message);
        sqlite3_free(message);
        return rows;
    }
    /// Of a statement with one row.
    [[nodiscard]] std::string row(const std::string& statement) const {
        const auto all = rows(statement);
        EXPECT_EQ(all.size(), 1U) << statement;
        return all.empty() ? "" : all.front();
    }

  private:
    static int add_row(void* rows, int columns, char** values, char** /*names*/) {
        std::string row;
        for (int i = 0; i < columns; ++i) {
            row += i == 0 ? "" : "|";
            row += values[i] == nullptr ? "NULL" : values[i];
        }
        static_cast<std::vector<std::string>*>(rows)->push_back(std::move(row));
        return 0;
    }

    std::unique_ptr<sqlite3, util::Deleter<sqlite3_close>> handle_;
};

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t second = 1'000 * ms;
constexpr std::uint64_t began = 520 * second;  // 2026-01-02 02:55:20 UTC
constexpr std::int64_t realtime_offset = 1'767'322'000 * static_cast<std::int64_t>(second);

inline TaskId web() {
    return {812, 800, Comm::from("web")};
}
inline TaskId ffmpeg() {
    return {4711, 4700, Comm::from("ffmpeg")};
}

inline Part part(PartKind kind, std::uint64_t ns) {
    Part part;
    part.kind = kind;
    part.ns = ns;
    return part;
}
inline Part ran_part(const TaskId& task, std::uint64_t cgroup_id, std::uint64_t ns) {
    Part part = database_for_test::part(PartKind::ran, ns);
    part.relation = Relation::foreign;
    part.task = task;
    part.cgroup_id = cgroup_id;
    return part;
}

inline Wait wait(const TaskId& task, std::uint64_t cgroup_id, std::uint64_t ts_ns,
                 std::vector<Part> why) {
    Wait wait;
    wait.ts_ns = ts_ns;
    wait.task = task;
    wait.cgroup_id = wait.sched_cgroup_id = cgroup_id;
    wait.kind = WaitKind::woken;
    wait.cause = Cause::contention;
    wait.prev = ffmpeg();
    for (const Part& part : why) {
        wait.wait_ns += part.ns;
    }
    wait.why = std::move(why);
    return wait;
}

inline RecordingInfo info() {
    RecordingInfo info;
    info.tool = "runqslower 0.2.0";
    info.host = "web-1";
    info.command_line = {"runqslower", "record"};
    info.cpus = 2;
    info.topology = {{0, 0, 0, -1}, {1, 1, 0, -1}};
    return info;
}

/// Three seconds of two CPUs, two processes in a cgroup each, and two losses.
inline void tell(Consumer& to) {
    constexpr std::uint64_t of_web = 10;
    constexpr std::uint64_t of_ffmpeg = 20;
    const std::uint64_t at = began + second;
    to.ran({0, 0, 0, ffmpeg(), 0, of_ffmpeg, 0, 0, Left::unknown});
    to.ran({0, 1, 20 * ms, ffmpeg(), 0, of_ffmpeg, 30 * ms, at, Left::preempted});
    to.wait(wait(web(), of_web, at,
                 {ran_part(ffmpeg(), of_ffmpeg, 20 * ms), part(PartKind::idle, 5 * ms)}));
    to.ran({1, 0, 50 * ms, {0, 0, Comm::from("swapper/1")}, 0, 0, 50 * ms, at + 5 * ms, {}});
    to.ran({0, 2, 9 * ms, web(), 0, of_web, 10 * ms, at + 10 * ms, Left::asleep});
    to.wait(wait(ffmpeg(), of_ffmpeg, at + 10 * ms, {ran_part(web(), of_web, 10 * ms)}));
    to.clock({began + 2 * second, realtime_offset + 1'000});
    to.loss({1, at + 500 * ms, at + 1600 * ms, 17, LossReason::ring});
    Wait throttled = wait(web(), of_web, began + 2500 * ms, {part(PartKind::throttled, 4 * ms)});
    throttled.cpu = 1;
    throttled.cause = Cause::throttled;
    to.wait(throttled);
    to.loss({Loss::any_cpu, began + 2600 * ms, began + 2700 * ms, 3, LossReason::damage});
}

/// The names of these.
inline void learn(KnownNames& names) {
    names.learn(ProcessInfo{800, Comm::from("webd"), 1, Comm::from("init")});
    names.learn(ProcessInfo{4700, Comm::from("ffmpeg"), 0, {}});
    names.learn(CgroupInfo{10, "/web", 20'000, 100'000, 10, "/web", false, 100});
    names.learn(CgroupInfo{20, "/batch", std::nullopt, 0, 0, "", false, 10});
}

inline RunInfo run_info(const KnownNames& names) {
    RunInfo run;
    run.began_ns = began;
    run.realtime_offset_ns = realtime_offset;
    run.min_us = 3;
    run.cpus = 2;
    run.names = &names;
    return run;
}

/// Writes the scene above to `path`.
inline void write_scene(const std::string& path) {
    KnownNames names;
    learn(names);
    auto writer = database::Writer::create(path, database::Writer::default_named_tasks);
    ASSERT_TRUE(writer) << writer.error().message;
    (*writer)->begin(run_info(names));
    tell(**writer);
    RunEnd end;
    end.ended_ns = began + 3 * second;
    end.counters.left_out = 4;
    (*writer)->end(end);
    const auto published = (*writer)->publish(info(), {"block 7 is damaged"});
    ASSERT_TRUE(published) << published.error().message;
}

}  // namespace rqs::database_for_test
