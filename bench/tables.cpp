// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include <iterator>

#include "bench/cells.h"
#include "bench/figures.h"

namespace rqs::bench {
namespace {

using Out = std::back_insert_iterator<std::string>;

std::string spread(const Series& series, int digits) {
    return series.empty() ? "–"
                          : fmt::format("{:.{}f} ({:.{}f}…{:.{}f})", series.median(), digits,
                                        series.smallest(), digits, series.largest(), digits);
}

std::string percent_slower(const Series& slowdown) {
    return slowdown.empty() ? "–" : fmt::format("{:+.1f} %", (slowdown.median() - 1) * 100);
}

std::string against(const Series& mine, const VariantFigures* classic) {
    if (mine.empty() || classic == nullptr || classic->net_ns.median() <= 0) {
        return "–";
    }
    return fmt::format("{:.3f}", mine.median() / classic->net_ns.median());
}

void append_hook_table(Out out, const Figures& figures) {
    fmt::format_to(out,
                   "| inside the programs | ns a switch | runs a switch | net of empty, ns "
                   "(range) | net, classic = 1 |\n|---|--:|--:|--:|--:|\n");
    const VariantFigures* classic = figures.find(Role::classic);
    for (const VariantFigures& row : figures.variants) {
        if (!row.hook_ns.empty()) {
            fmt::format_to(out, "| {} | {} | {} | {} | {} |\n", row.label, cell(row.hook_ns, 1),
                           cell(row.runs, 2), spread(row.net_ns, 1), against(row.net_ns, classic));
        }
    }
}

void append_workload_table(Out out, const Figures& figures) {
    fmt::format_to(out,
                   "\n| workloads | ping-pong, µs a round trip | slower | hackbench, µs a message "
                   "| slower | tool's own CPU |\n|---|--:|--:|--:|--:|--:|\n");
    for (const VariantFigures& row : figures.variants) {
        if (row.missing.empty()) {
            fmt::format_to(out, "| {} | {} | {} | {} | {} | {} |\n", row.label,
                           cell(row.pingpong_ns, 2, 1000), percent_slower(row.pingpong_slowdown),
                           cell(row.hackbench_ns, 2, 1000), percent_slower(row.hackbench_slowdown),
                           row.cpu_percent.empty() ? "–" : cell(row.cpu_percent, 1) + " %");
        } else {
            fmt::format_to(out, "| {} | {} |||||\n", row.label, row.missing);
        }
    }
}

void append_tool_table(Out out, const Figures& figures) {
    fmt::format_to(
        out,
        "\n| tools | exec to attached, ms | peak RSS, MiB | maps and programs, MiB | "
        "together, MiB | waits seen | kept | lost |\n|---|--:|--:|--:|--:|--:|--:|--:|\n");
    for (const VariantFigures& row : figures.variants) {
        if (!row.peak_rss.empty()) {
            fmt::format_to(out, "| {} | {} | {} | {} | {} | {} | {} | {} |\n", row.label,
                           cell(row.attach_ms, 1), cell(row.peak_rss, 1, mib),
                           cell(row.kernel_bytes, 1, mib), cell(row.total_bytes, 1, mib),
                           count(row.seen), count(row.kept), count(row.lost));
        }
    }
}

void append_format_table(Out out, const Figures& figures) {
    fmt::format_to(out, "\n| formatting | million events a second and core |\n|---|--:|\n");
    for (const FormatFigure& row : figures.formats) {
        fmt::format_to(out, "| {} | {:.2f} |\n", row.name, row.events_per_s / 1e6);
    }
}

std::string_view role_name(Role role) {
    switch (role) {
        case Role::empty:
            return "empty program";
        case Role::ours:
            return "runqslower";
        case Role::classic:
            return "classic method";
        default:
            return "other";
    }
}

void append_thread_table(Out out, const Figures& figures) {
    if (figures.threads.empty()) {
        return;
    }
    const ThreadFigures& any = figures.threads.front();
    fmt::format_to(out,
                   "\n| number of threads: hook, ns a switch | load | {} threads | {} threads | "
                   "ratio |\n|---|---|--:|--:|--:|\n",
                   any.few, any.many);
    for (const ThreadFigures& row : figures.threads) {
        fmt::format_to(out, "| {} | {} | {} | {} | {:.2f} |\n", role_name(row.role), row.load,
                       cell(row.few_ns, 1), cell(row.many_ns, 1), row.ratio());
    }
}

void append_overload_table(Out out, const std::vector<OverloadFigures>& rows) {
    if (rows.empty()) {
        return;
    }
    fmt::format_to(out,
                   "\n| overload | tasks | tool | waits seen | kept | lost | tool's own CPU | peak "
                   "RSS beside the rings, MiB | rings, MiB | together, MiB "
                   "|\n|---|--:|---|--:|--:|--:|--:|--:|--:|--:|\n");
    for (const OverloadFigures& row : rows) {
        if (!row.missing.empty()) {
            fmt::format_to(out, "| {} | {} | {}: {} ||||||||\n", row.load, row.tasks, row.label,
                           row.missing);
            continue;
        }
        fmt::format_to(
            out, "| {} | {} | {} | {} | {} | {} | {:.1f} % | {:.1f} | {:.1f} | {:.1f} |\n",
            row.load, row.tasks, row.label, count(row.seen), count(row.kept), count(row.lost),
            row.cpu_percent.largest(), row.peak_rss.largest() / mib, row.ring_bytes.largest() / mib,
            (row.peak_rss.largest() + row.ring_bytes.largest()) / mib);
    }
}

}  // namespace

std::string tables(const Figures& figures) {
    std::string text;
    const Out out{text};
    append_hook_table(out, figures);
    append_workload_table(out, figures);
    append_tool_table(out, figures);
    append_format_table(out, figures);
    append_thread_table(out, figures);
    append_overload_table(out, figures.overloads);
    return text;
}

}  // namespace rqs::bench
