// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include <iterator>

#include "bench/cells.h"
#include "bench/recording_figures.h"

namespace rqs::bench {
namespace {

using Out = std::back_insert_iterator<std::string>;

std::string percent(const Series& slowdown) {
    return slowdown.empty()
               ? "–"
               : fmt::format("{:+.1f} % ({:+.0f}…{:+.0f})", (slowdown.median() - 1) * 100,
                             (slowdown.smallest() - 1) * 100, (slowdown.largest() - 1) * 100);
}

std::optional<std::uint64_t> lost_elsewhere(const RecorderFigures& row) {
    if (!row.pingpong.lost || !row.hackbench.lost) {
        return std::nullopt;
    }
    return *row.pingpong.lost + *row.hackbench.lost;
}

void append_recorders(Out out, const RecordingFigures& figures) {
    fmt::format_to(out,
                   "| recorders | hook net, ns a switch | ping-pong slower (range) | hackbench "
                   "slower | overload slower | bytes a switch: ping-pong | hackbench | lost there "
                   "| lost under the overload |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (const RecorderFigures& row : figures.recorders) {
        if (!row.missing.empty()) {
            fmt::format_to(out, "| {}: {} |||||||||\n", row.label, row.missing);
            continue;
        }
        fmt::format_to(out, "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", row.label,
                       cell(row.net_ns, 1), percent(row.pingpong.slowdown),
                       percent(row.hackbench.slowdown), percent(row.overload.slowdown),
                       cell(row.pingpong.bytes_a_switch, 2), cell(row.hackbench.bytes_a_switch, 2),
                       count(lost_elsewhere(row)), count(row.overload.lost));
    }
}

void append_overload(Out out, const RecordingFigures& figures) {
    fmt::format_to(out,
                   "\n| under the overload (600 tasks in pairs) | switches a second | own CPU | "
                   "peak RSS beside the rings, MiB | rings, MiB |\n|---|--:|--:|--:|--:|\n");
    for (const RecorderFigures& row : figures.recorders) {
        if (row.missing.empty() && !row.overload.switches_per_s.empty()) {
            fmt::format_to(out, "| {} | {} | {} | {} | {} |\n", row.label,
                           cell(row.overload.switches_per_s, 0),
                           row.cpu_percent.empty() ? "–" : cell(row.cpu_percent, 1) + " %",
                           cell(row.peak_rss, 1, mib), cell(row.ring_bytes, 1, mib));
        }
    }
}

void append_reports(Out out, const RecordingFigures& figures) {
    fmt::format_to(out,
                   "\n| reading a recording, million switches a second of CPU time | report | perf "
                   "sched latency |\n|---|--:|--:|\n");
    for (const ReportFigures& row : figures.reports) {
        fmt::format_to(out, "| {} | {} | {} |\n", row.load, cell(row.ours_per_s, 2, 1e6),
                       cell(row.perf_per_s, 2, 1e6));
    }
}

void append_imports(Out out, const RecordingFigures& figures) {
    fmt::format_to(
        out, "\n| importing | million switches and waits a second of CPU time |\n|---|--:|\n");
    for (const ImportFigures& row : figures.imports) {
        fmt::format_to(out, "| {} | {} |\n", row.format, cell(row.events_per_s, 2, 1e6));
    }
}

void append_scale(Out out, const ScaleFigures& row) {
    fmt::format_to(out, "| {} | {} | {:.0f} | {:.0f} | {} | {:.2f} | {:.1f} | {:.1f} |\n", row.cpus,
                   row.switches, row.reader_ns, row.process_ns, row.packing_threads, row.bytes,
                   row.rss.size() < 4 ? 0 : row.rss.at(1) / mib,
                   row.rss.size() < 4 ? 0 : row.rss.at(3) / mib);
}

}  // namespace

std::string recording_tables(const RecordingFigures& figures) {
    std::string text;
    const Out out{text};
    append_recorders(out, figures);
    append_overload(out, figures);
    append_reports(out, figures);
    append_imports(out, figures);
    fmt::format_to(out,
                   "\n| made-up machine, CPUs | switches | reading thread, ns a switch | all "
                   "threads, ns | packing threads | bytes a switch | RSS after half, MiB | at the "
                   "end |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    append_scale(out, figures.many_cpus);
    append_scale(out, figures.an_hour);
    return text;
}

}  // namespace rqs::bench
