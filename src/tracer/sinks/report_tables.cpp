// SPDX-License-Identifier: BSD-2-Clause
// Summaries for a person: text on stdout, and on stderr beside CSV.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "aggregate/summary.h"
#include "model/names.h"
#include "sinks/columns.h"
#include "sinks/formats.h"
#include "util/safe_text.h"

namespace rqs::sinks {
namespace {

constexpr std::size_t name_width = 32;
constexpr std::size_t title_width = 12;
constexpr std::size_t number_width = 12;
constexpr std::size_t cell_width = 14;

double ms(std::uint64_t ns) {
    return static_cast<double>(ns) / 1e6;
}

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

template <typename... Args>
void put(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

/// `ffmpeg 4711`, a cgroup's path, or `(idle)` for what is no task.
std::string label(const Group& group) {
    if (group.kind == Group::Kind::process) {
        return fmt::format("{} {}", util::printable(group.label), group.id);
    }
    if (group.kind == Group::Kind::cgroup) {
        return group.label.empty() ? fmt::format("cgroup {}", group.id)
                                   : util::printable(group.label);
    }
    return fmt::format("({})", name(group.kind));
}

/// A path and a name with a pid both say more at their end.
void put_name(std::string& out, const Group& group) {
    out += "  ";
    append_left(out, label(group), name_width, true);
}

void opening(std::string& out, const SummaryReport& report, std::uint64_t min_us) {
    const double seconds = static_cast<double>(report.duration_ns) / 1e9;
    if (report.sampled) {
        put(out, "\nSummary of {:.1f} s: {} waits, {:.3f} ms in all; single waits are not known\n",
            seconds, report.waits, ms(report.wait_ns));
    } else {
        put(out, "\nSummary of {:.1f} s: {} waits longer than {} us, {:.3f} ms in all\n", seconds,
            report.waits, min_us, ms(report.wait_ns));
    }
}

void causes(std::string& out, const SummaryReport& report) {
    put(out, "\n  {:<{}}{:>{}}{:>{}}{:>8}\n", "CAUSE", name_width, "WAITS", number_width,
        "TIME(ms)", cell_width, "%");
    auto rows = report.causes;
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.wait_ns > b.wait_ns; });
    for (const auto& row : rows) {
        if (row.waits > 0) {
            put(out, "  {:<{}}{:>{}}{:>{}.3f}{:>8.1f}\n", name(row.cause), name_width, row.waits,
                number_width, ms(row.wait_ns), cell_width, percent(row.wait_ns, report.wait_ns));
        }
    }
}

void percentiles(std::string& out, const SummaryReport& report) {
    put(out, "\n  {:<{}}", "PERCENTILE", title_width);
    for (const auto& percentile : report.percentiles) {
        put(out, "{:>{}}", percentile.name, number_width);
    }
    put(out, "{:>{}}\n  {:<{}}", "max", number_width, "wait, ms", title_width);
    for (const auto& percentile : report.percentiles) {
        put(out, "{:>{}.3f}", ms(percentile.ns), number_width);
    }
    put(out, "{:>{}.3f}\n", ms(report.max_ns), number_width);
}

void victims(std::string& out, const SummaryReport& report) {
    put(out, "\n  {:<{}}{:>{}}{:>{}}{:>8}", "VICTIM", name_width, "WAITS", number_width, "TIME(ms)",
        cell_width, "%");
    if (!report.sampled) {
        put(out, "{:>{}}", "MAX(ms)", cell_width);
    }
    out += '\n';
    for (const auto& victim : report.victims) {
        put_name(out, victim.who);
        put(out, "{:>{}}{:>{}.3f}{:>8.1f}", victim.waits, number_width, ms(victim.wait_ns),
            cell_width, percent(victim.wait_ns, report.wait_ns));
        if (!report.sampled) {
            put(out, "{:>{}.3f}", ms(victim.max_ns), cell_width);
        }
        out += '\n';
    }
}

void culprits(std::string& out, const SummaryReport& report) {
    put(out, "\n  {:<{}}{:>{}}{:>8}\n", "CULPRIT", name_width + number_width, "TIME(ms)",
        cell_width, "%");
    for (const auto& culprit : report.culprits) {
        put_name(out, culprit.who);
        put(out, "{:>{}.3f}{:>8.1f}\n", ms(culprit.ns), number_width + cell_width,
            percent(culprit.ns, report.wait_ns));
    }
}

void table(std::string& out, const SummaryReport& report) {
    out += "\n  ";
    append_left(out, "VICTIM \\ CULPRIT, ms", name_width);
    for (const auto& culprit : report.table_culprits) {
        out += ' ';
        append_right(out, label(culprit), cell_width, true);
    }
    put(out, " {:>{}} {:>{}}\n", "(others)", cell_width, "SUM", cell_width);
    for (const auto& row : report.table) {
        put_name(out, row.victim);
        for (const std::uint64_t ns : row.ns) {
            put(out, " {:>{}.3f}", ms(ns), cell_width);
        }
        put(out, " {:>{}.3f} {:>{}.3f}\n", ms(row.others_ns), cell_width, ms(row.wait_ns),
            cell_width);
    }
}

}  // namespace

void append_report_tables(std::string& out, const SummaryReport& report, std::uint64_t min_us) {
    opening(out, report, min_us);
    if (report.waits == 0 && report.wait_ns == 0) {
        return;
    }
    if (!report.sampled) {
        causes(out, report);
        percentiles(out, report);
    }
    victims(out, report);
    if (!report.sampled) {
        culprits(out, report);
        table(out, report);
    }
    if (report.victims_folded + report.culprits_folded > 0) {
        put(out, "\n  (others) hold {} victims and {} culprits that were too many to keep apart\n",
            report.victims_folded, report.culprits_folded);
    }
    if (!report.last) {
        out += '\n';
    }
}

void append_closing_line(std::string& talk, const Counters& counters, std::uint64_t duration_ns,
                         bool intervals) {
    const double seconds = static_cast<double>(duration_ns) / 1e9;
    put(talk, "{} waits in {:.1f} s, {} {}, {} lost", counters.seen, seconds, counters.kept,
        intervals ? "reported" : "kept", counters.lost);
    if (counters.lost > 0) {
        talk += " (a larger --buffer helps)";
    }
    if (counters.unverified > 0) {
        put(talk, ", {} unverified", counters.unverified);
    }
    if (counters.late > 0) {
        put(talk, ", {} out of order", counters.late);
    }
    talk += '\n';
}

}  // namespace rqs::sinks
