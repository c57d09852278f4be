// SPDX-License-Identifier: BSD-2-Clause
// Reports of recordings to print: one that is easily read, and any.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "aggregate/idle_report.h"
#include "aggregate/recording_report.h"

namespace rqs::recording_for_test {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::string_view hostile = "\x1b[31m\"x\",\n\xff\xe2\x80\xae=1";

inline NameSum one(const Group& who, std::uint64_t ns) {
    return {who.label, ns, 1, who, ns};
}

inline RecordingInfo info() {
    RecordingInfo info;
    info.tool = "runqslower 0.2.0";
    info.host = "web-1";
    info.kernel = "6.12.0";
    info.machine = "x86_64";
    info.command_line = {"runqslower", "record", "-d", "60", "0"};
    info.began_ns = 520 * second;
    info.cpus = 4;
    return info;
}

inline Wait wait(std::uint64_t ts_ns, std::uint64_t wait_ns) {
    Wait wait;
    wait.ts_ns = ts_ns;
    wait.wait_ns = wait_ns;
    wait.cpu = 3;
    wait.task = {812, 800, Comm::from("web")};
    wait.kind = WaitKind::woken;
    wait.cause = Cause::contention;
    Part part;
    part.kind = PartKind::ran;
    part.relation = Relation::foreign;
    part.ns = wait_ns;
    part.task = {4711, 4700, Comm::from("ffmpeg")};
    wait.why = {part};
    return wait;
}

inline SummaryReport summary() {
    const Group web{Group::Kind::process, 800, "web", 0};
    const Group ffmpeg{Group::Kind::process, 4700, "ffmpeg", 0};
    const Group throttled{Group::Kind::throttled, 0, "", 0};
    SummaryReport summary;
    summary.ts_ns = 580 * second;
    summary.duration_ns = 60 * second;
    summary.waits = 1'000;
    summary.wait_ns = 12 * second;
    summary.lost = 23;
    for (std::size_t i = 0; i < summary.causes.size(); ++i) {
        summary.causes.at(i) = {static_cast<Cause>(i), 0, 0};
    }
    summary.causes.at(0) = {Cause::contention, 900, 10 * second};
    summary.causes.at(2) = {Cause::throttled, 100, 2 * second};
    summary.kinds = {{WaitKind::woken, 1'000, 12 * second, 4'000'000, 90'000'000, 93'000'000}};
    summary.percentiles = {{{"p50", 0.5, 4'000'000},
                            {"p90", 0.9, 20'000'000},
                            {"p99", 0.99, 90'000'000},
                            {"p99.9", 0.999, 93'000'000},
                            {"p99.99", 0.9999, 93'000'000}}};
    summary.max_ns = 93'000'000;
    summary.victims = {{web, 800, 9 * second, 93'000'000, 20 * second, 9 * second},
                       {ffmpeg, 200, 3 * second, 50'000'000}};
    summary.culprits = {{ffmpeg, 8 * second}, {throttled, 4 * second}};
    summary.table_culprits = {ffmpeg, throttled};
    summary.table = {{web, {8 * second, 1 * second}, 0, 9 * second},
                     {ffmpeg, {0, 3 * second}, 0, 3 * second}};
    return summary;
}

inline RecordingReport report() {
    RecordingReport report;
    report.info = {info()};
    report.from_ns = 520 * second;
    report.to_ns = 580 * second;
    report.realtime_offset_ns = 1'767'322'000 * static_cast<std::int64_t>(second);
    report.switches = 1'234'567;
    report.summary = summary();
    report.names = {one(report.summary.victims[0].who, 9 * second),
                    one(report.summary.culprits[0].who, 8 * second)};
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        report.lengths.add(i * i * 93);
    }
    report.losses = {{1, 530 * second, 531 * second, 20, LossReason::ring},
                     {Loss::any_cpu, 540 * second, 541 * second, 3, LossReason::damage}};
    report.worst = {{wait(523'678'901'234, 93'000'000), report.realtime_offset_ns},
                    {wait(570 * second, 50'000'000), report.realtime_offset_ns}};
    report.damage = {"a.rqs: block 7 at byte 4096: its checksum is wrong; 3 waits are lost"};
    return report;
}

/// With what idle CPUs could have run, of which the last victims have no CPU of their own.
inline RecordingReport idle_report() {
    RecordingReport report = recording_for_test::report();
    IdleReport idle;
    idle.waits = 1'000;
    idle.avoidable_ns = 4 * second;
    idle.avoidable_waits = 300;
    idle.undecided_waits = 2;
    idle.unknown_affinity_waits = 7;
    idle.throttled_waits = 100;
    idle.idle_while_others_queued_ns = 3 * second;
    idle.victims = {{report.summary.victims[0].who, 200, 3 * second, 2},
                    {Group{}, 100, 1 * second, std::nullopt}};
    idle.cpus = {{0, 50 * second, 10 * second, 0, 900, 11 * second},
                 {2, 20 * second, 40 * second, 3 * second, 100, 1 * second}};
    report.idle = std::make_shared<const IdleReport>(idle);
    return report;
}

/// The same with names that try to break out, wherever there is a name.
inline RecordingReport hostile_report() {
    RecordingReport report = recording_for_test::report();
    const std::string raw(hostile);
    RecordingInfo& info = report.info.front();
    info.tool = info.host = info.kernel = info.machine = raw;
    info.command_line = {raw, raw};
    SummaryReport& summary = report.summary;
    summary.victims[0].who.label = summary.culprits[0].who.label = raw;
    summary.table_culprits[0].label = summary.table[0].victim.label = raw;
    report.names.victim = one(summary.victims[0].who, 9 * second);
    report.names.culprit = NameSum{raw, 8 * second, 7, summary.culprits[0].who, second};
    for (WorstWait& each : report.worst) {
        each.wait.task.comm = each.wait.why[0].task.comm = Comm::from(raw);
    }
    report.damage = {raw};
    return report;
}

}  // namespace rqs::recording_for_test
