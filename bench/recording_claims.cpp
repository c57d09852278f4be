// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include <algorithm>

#include "bench/recording_figures.h"

namespace rqs::bench {
namespace {

// Ratios and counts; no absolute time is claimed.
constexpr double hook_bound = 1.0 / 6;
constexpr double hackbench_bytes = 6;
constexpr double pingpong_bytes = 3;
constexpr double fast_rate = 300'000;  // switches a second
constexpr double report_bound = 10e6;  // switches a second and core
constexpr double report_factor = 10;   // times perf sched latency
constexpr double import_bound = 2e6;   // events a second and core
constexpr double flat_factor = 1.05;
constexpr double mib = 1 << 20;
constexpr double flat_slack = mib;
constexpr double many_rate = 20'000;  // switches a second and CPU
constexpr double memory_bound = 64 * mib;

bool measured(const RecorderFigures* figures) {
    return figures != nullptr && figures->missing.empty();
}

/// What could not be measured does not hold; a tool that is not installed is not compared with.
void compare_slowdown(std::vector<Claim>& claims, std::string_view load,
                      const RecorderFigures* mine, const RecorderFigures* theirs,
                      RecordedLoad RecorderFigures::*which, double bound) {
    if (theirs == nullptr || theirs->missing == "not installed") {
        return;
    }
    const std::string what = fmt::format("{}, record and {}", load, theirs->label);
    if (!measured(mine) || !measured(theirs) || (theirs->*which).slowdown.empty() ||
        (mine->*which).slowdown.empty()) {
        claims.push_back({false, fmt::format("{}: not measured: {}", what, theirs->missing)});
        return;
    }
    const double ours = (mine->*which).slowdown.median() - 1;
    const double other = (theirs->*which).slowdown.median() - 1;
    claims.push_back({other > 0 && ours <= other * bound,
                      fmt::format("{}: {:+.1f} % and {:+.1f} % slower (at most 1/{:.0f})", what,
                                  ours * 100, other * 100, 1 / bound)});
}

Claim hook_claim(const RecorderFigures* record, const RecorderFigures* classic) {
    constexpr std::string_view what = "hook in record mode, net of the empty program";
    if (!measured(record) || !measured(classic) || classic->net_ns.median() <= 0 ||
        record->net_ns.empty()) {
        return {false, fmt::format("{}: not measured", what)};
    }
    const double ratio = record->net_ns.median() / classic->net_ns.median();
    return {ratio <= hook_bound,
            fmt::format("{}: {:.3f} of the classic method ({:.1f} and {:.1f} ns a switch; at most "
                        "1/6)",
                        what, ratio, record->net_ns.median(), classic->net_ns.median())};
}

Claim bytes_claim(std::string_view load, const RecordedLoad& found, double bound) {
    const double bytes = found.bytes_a_switch.median();
    return {!found.bytes_a_switch.empty() && bytes <= bound,
            fmt::format("bytes a switch on disk, {}: {:.2f} (at most {:.0f})", load, bytes, bound)};
}

Claim kept_claim(const RecorderFigures& record) {
    const double rate = record.overload.switches_per_s.median();
    return {record.overload.lost == 0U && rate >= fast_rate,
            fmt::format("nothing lost under 600 tasks, {}: {} waits lost at {:.0f} switches a "
                        "second (none, at 300,000 or more)",
                        record.label, record.overload.lost.value_or(0), rate)};
}

Claim lost_claim(const RecorderFigures& record) {
    const std::uint64_t lost = record.pingpong.lost.value_or(1) + record.hackbench.lost.value_or(1);
    return {lost == 0, fmt::format("nothing lost in the ping-pong and in hackbench, {}: {} waits",
                                   record.label, lost)};
}

Claim memory_claim(const RecorderFigures& record) {
    const double bytes = record.peak_rss.largest();
    return {bytes > 0 && bytes <= memory_bound,
            fmt::format("peak memory beside the rings under 600 tasks, {}: {:.1f} MiB (at most "
                        "{:.0f})",
                        record.label, bytes / mib, memory_bound / mib)};
}

Claim flat_claim(const ScaleFigures& hour) {
    if (hour.rss.size() < 4) {
        return {false, "memory of the recorder over an hour's worth of events: not measured"};
    }
    return {hour.rss.at(3) <= hour.rss.at(1) * flat_factor + flat_slack,
            fmt::format("memory of the recorder is flat over {} million switches: {:.1f} MiB after "
                        "the last quarter, {:.1f} after the second (at most 5 % and 1 MiB more)",
                        hour.switches / 1'000'000, hour.rss.at(3) / mib, hour.rss.at(1) / mib)};
}

Claim many_cpus_claim(const ScaleFigures& many) {
    const double share = many.reader_ns * many_rate * many.cpus / 1e9;
    return {many.reader_ns > 0 && share <= 1,
            fmt::format("{} CPUs at 20,000 switches a second each: keeping them takes the reading "
                        "thread {:.0f} ns a switch, {:.0f} % of its CPU (at most 100 %), beside "
                        "{} packing threads",
                        many.cpus, many.reader_ns, share * 100, many.packing_threads)};
}

void judge_report(std::vector<Claim>& claims, const ReportFigures& report) {
    const double ours = report.ours_per_s.median();
    claims.push_back(
        {ours >= report_bound,
         fmt::format("report, {}: {:.2f} million switches a second and core (at least 10)",
                     report.load, ours / 1e6)});
    if (!report.perf_per_s.empty()) {
        const double perf = report.perf_per_s.median();
        claims.push_back({ours >= perf * report_factor,
                          fmt::format("report, {}: {:.1f} times as fast as perf sched latency "
                                      "({:.2f} million switches a second; at least 10 times)",
                                      report.load, ours / perf, perf / 1e6)});
    }
}

Claim import_claim(const ImportFigures& import) {
    const double per_s = import.events_per_s.median();
    return {per_s >= import_bound,
            fmt::format("import of {}: {:.2f} million switches and waits a second and core (at "
                        "least 2)",
                        import.format, per_s / 1e6)};
}

Claim report_memory_claim(const Series& rss) {
    if (rss.size() < 2) {
        return {false, "memory of a report of a long recording: not measured"};
    }
    return {rss.at(1) <= rss.at(0) * flat_factor + flat_slack,
            fmt::format("memory of report does not grow with the recording: {:.1f} MiB for eight "
                        "times the length, {:.1f} before (at most 5 % and 1 MiB more)",
                        rss.at(1) / mib, rss.at(0) / mib)};
}

}  // namespace

const RecorderFigures* RecordingFigures::find(Recorder who) const {
    const auto found = std::find_if(recorders.begin(), recorders.end(),
                                    [who](const RecorderFigures& row) { return row.who == who; });
    return found == recorders.end() ? nullptr : &*found;
}

std::vector<Claim> judge_recording(const RecordingFigures& figures) {
    std::vector<Claim> claims;
    const RecorderFigures* record = figures.find(Recorder::record);
    constexpr auto pingpong = &RecorderFigures::pingpong;
    constexpr auto overload = &RecorderFigures::overload;
    const auto compare = [&](std::string_view load, Recorder whom, auto which, double bound) {
        compare_slowdown(claims, load, record, figures.find(whom), which, bound);
    };
    compare("ping-pong", Recorder::perf, pingpong, 1.0 / 10);
    compare("ping-pong", Recorder::trace_cmd, pingpong, 1.0 / 3);
    compare("ping-pong", Recorder::peer, pingpong, 1.0 / 3);
    compare("overload", Recorder::trace_cmd_rt, overload, 1.0 / 2);
    claims.push_back(hook_claim(record, figures.find(Recorder::classic)));
    if (record != nullptr) {
        claims.push_back(bytes_claim("ping-pong", record->pingpong, pingpong_bytes));
        claims.push_back(bytes_claim("hackbench", record->hackbench, hackbench_bytes));
    }
    for (const Recorder who : {Recorder::record, Recorder::record_waker}) {
        if (const RecorderFigures* row = figures.find(who)) {
            claims.push_back(kept_claim(*row));
            claims.push_back(lost_claim(*row));
            claims.push_back(memory_claim(*row));
        }
    }
    claims.push_back(flat_claim(figures.an_hour));
    claims.push_back(many_cpus_claim(figures.many_cpus));
    for (const ReportFigures& report : figures.reports) {
        judge_report(claims, report);
    }
    for (const ImportFigures& import : figures.imports) {
        claims.push_back(import_claim(import));
    }
    claims.push_back(report_memory_claim(figures.report_rss));
    return claims;
}

}  // namespace rqs::bench
