// SPDX-License-Identifier: BSD-2-Clause
// A made-up machine whose waits are known: for the tests of the page and of its parts.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "model/event.h"
#include "model/recording_info.h"
#include "session/consumer.h"

namespace rqs::html_for_test {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t began = 520'000 * ms;

inline TaskId task(std::uint32_t tid, std::string_view comm) {
    return {tid, tid, Comm::from(comm)};
}

inline Part part(PartKind kind, std::uint64_t ns) {
    Part part;
    part.kind = kind;
    part.ns = ns;
    return part;
}
inline Part ran_part(const TaskId& task, std::uint64_t ns) {
    Part part = html_for_test::part(PartKind::ran, ns);
    part.relation = Relation::foreign;
    part.task = task;
    return part;
}

inline Wait wait(const TaskId& task, std::uint64_t ts_ns, std::vector<Part> why) {
    Wait wait;
    wait.ts_ns = ts_ns;
    wait.task = task;
    wait.kind = WaitKind::woken;
    wait.cause = Cause::contention;
    for (const Part& part : why) {
        wait.wait_ns += part.ns;
    }
    wait.why = std::move(why);
    return wait;
}

inline Ran ran(std::uint32_t cpu, const TaskId& task, std::uint64_t end_ns, std::uint64_t ns) {
    Ran ran;
    ran.cpu = cpu;
    ran.task = task;
    ran.end_ns = end_ns;
    ran.length_ns = ran.ran_ns = ns;
    ran.left = Left::preempted;
    return ran;
}

inline RunInfo run_info(std::uint32_t cpus = 2) {
    RunInfo info;
    info.began_ns = began;
    info.cpus = cpus;
    return info;
}

/// Two tasks with these names take turns on CPU 0 for `slices` of 5 ms, each waiting for the other;
/// CPU 1 idles.
inline void tell(Consumer& to, std::string_view one, std::string_view other, std::uint64_t slices) {
    const TaskId tasks[] = {task(800, one), task(4711, other)};
    std::uint64_t now = began;
    for (std::uint64_t i = 0; i < slices; ++i) {
        const TaskId& running = tasks[i % 2];
        now += 5 * ms;
        to.ran(ran(0, running, now, 5 * ms));
        to.ran(ran(1, {0, 0, Comm::from("swapper/1")}, now, 5 * ms));
        to.wait(wait(tasks[(i + 1) % 2], now, {ran_part(running, 5 * ms)}));
    }
    RunEnd end;
    end.ended_ns = now;
    to.end(end);
}

inline RecordingInfo info(std::string_view host) {
    RecordingInfo info;
    info.tool = "runqslower 0.1.0";
    info.host = host;
    info.kernel = "6.12.0";
    info.machine = "x86_64";
    info.command_line = {"runqslower", "record"};
    info.began_ns = began;
    info.cpus = 2;
    return info;
}

}  // namespace rqs::html_for_test
