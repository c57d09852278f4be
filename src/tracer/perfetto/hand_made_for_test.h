// SPDX-License-Identifier: BSD-2-Clause
// A trace of events that are written by hand, in nanoseconds since the machine was booted.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "perfetto/model_for_test.h"
#include "perfetto/writer.h"
#include "util/folder_for_test.h"

namespace rqs::perfetto_for_test {

enum class Seen : std::uint8_t { at_once, after_gap };

inline std::int32_t tid(const TaskId& task) {
    return static_cast<std::int32_t>(task.tid);
}

inline Part part(PartKind kind, std::uint64_t ns) {
    Part part;
    part.kind = kind;
    part.ns = ns;
    return part;
}
inline Part part(const TaskId& task, std::uint64_t ns) {
    Part made = part(PartKind::ran, ns);
    made.task = task;
    return made;
}

class HandMade : public testing::Test {
  protected:
    /// A run of a CPU, told when it ends.
    void run(std::uint32_t cpu, std::uint64_t from_ns, std::uint64_t to_ns, const TaskId& task,
             Left left, Seen seen = Seen::at_once) {
        Ran ran;
        ran.cpu = cpu;
        ran.position = runs_of_[cpu]++;
        ran.follows = ran.position > 0 && seen == Seen::at_once;
        ran.task = task;
        ran.length_ns = ran.ran_ns = to_ns - from_ns;
        ran.end_ns = to_ns;
        ran.left = left;
        begun().ran(ran);
    }
    [[nodiscard]] static Wait waiting(std::uint32_t cpu, std::uint64_t ts_ns, std::uint64_t wait_ns,
                                      const TaskId& task, WaitKind kind) {
        Wait wait;
        wait.cpu = cpu;
        wait.ts_ns = ts_ns;
        wait.wait_ns = wait_ns;
        wait.task = task;
        wait.kind = kind;
        return wait;
    }
    void arrive(const Wait& wait) { begun().wait(wait); }
    void arrive(std::uint32_t cpu, std::uint64_t ts_ns, std::uint64_t wait_ns, const TaskId& task,
                WaitKind kind, std::optional<Waker> waker = std::nullopt) {
        Wait wait = waiting(cpu, ts_ns, wait_ns, task, kind);
        wait.waker = std::move(waker);
        arrive(wait);
    }
    void arrive_because(std::uint32_t cpu, std::uint64_t ts_ns, std::uint64_t wait_ns,
                        const TaskId& task, std::vector<Part> why) {
        Wait wait = waiting(cpu, ts_ns, wait_ns, task, WaitKind::woken);
        wait.why = std::move(why);
        arrive(wait);
    }
    void lose(std::uint32_t cpu, std::uint64_t from_ns, std::uint64_t to_ns, std::uint64_t lost) {
        begun().loss({cpu, from_ns, to_ns, lost, LossReason::ring});
    }
    void reading(std::uint64_t ts_ns, std::int64_t realtime_offset_ns) {
        begun().clock({ts_ns, realtime_offset_ns});
    }

    std::string written() {
        begun().end({});
        return published();
    }
    std::string published() {
        EXPECT_TRUE(writer().publish());
        std::ifstream file(path(), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    Trace parsed() { return Parser::parse(written()); }
    Trace parsed_at_end() { return Parser::parse(published()); }
    void forget() { writer_.reset(); }
    [[nodiscard]] bool folder_is_empty() const { return folder_.empty(); }

    perfetto::Writer& writer() {
        if (!writer_) {
            RecordingInfo info;
            info.kernel = "6.18.1-test";
            info.machine = "x86_64";
            info.boottime_offset_ns = boottime_offset_ns;
            writer_ = perfetto::Writer::create(path(), info, named_tasks).value();
        }
        return *writer_;
    }

    static inline const TaskId a{10, 1, Comm::from("ay")};
    static inline const TaskId b{20, 2, Comm::from("bee")};
    static inline const TaskId c{30, 30, Comm::from("sea")};
    static inline const TaskId idle{0, 0, Comm::from("swapper")};

    // Before the first event:
    std::int64_t boottime_offset_ns = 0;
    std::uint32_t named_tasks = 4;
    KnownNames names;

  private:
    [[nodiscard]] std::string path() const { return folder_ / "trace"; }

    perfetto::Writer& begun() {
        if (!begun_) {
            begun_ = true;
            RunInfo run;
            run.began_ns = 50;
            run.realtime_offset_ns = 1'000;
            run.names = &names;
            writer().begin(run);
        }
        return writer();
    }

    util::FolderForTest folder_;
    bool begun_ = false;
    std::unique_ptr<perfetto::Writer> writer_;
    std::map<std::uint32_t, std::uint64_t> runs_of_;
};

}  // namespace rqs::perfetto_for_test
