// SPDX-License-Identifier: BSD-2-Clause
// Summaries for a person: text on stdout, and on stderr beside CSV.
#include "sinks/report_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "model/names.h"
#include "sinks/closing.h"
#include "sinks/columns.h"
#include "sinks/put.h"
#include "sinks/short_path.h"
#include "sinks/words.h"
#include "util/safe_text.h"

namespace rqs::sinks {
namespace {

// Columns of numbers, each with the space before it.
constexpr std::size_t waits_width = 9;
constexpr std::size_t time_width = 13;
constexpr std::size_t percent_width = 7;
constexpr std::size_t max_width = 12;
constexpr std::size_t share_width = 9;
constexpr std::size_t cell_width = 12;
constexpr std::size_t title_width = 12;
constexpr std::size_t percentile_width = 11;

constexpr std::size_t margin = 2;
constexpr std::size_t shortest_name = 16;
/// What the tables may take. A screen that has less gets fewer and narrower columns, which fit 40.
constexpr std::size_t roomy = 80;
constexpr std::size_t narrow_name = 12;
constexpr std::size_t narrow_waits = 7;
constexpr std::size_t narrow_time = 12;
constexpr std::size_t narrow_percent = 6;
constexpr std::size_t unlimited = 4096;  // longer than any path

/// `comm id`; where it is too long the name is cut, never the id.
std::string task_label(const Group& group, std::size_t width) {
    const std::string id = fmt::format(" {}", group.id);
    const std::string comm = util::printable(group.label);
    std::string label;
    append_left(label, comm,
                std::min(display_columns(comm), width - std::min(width - 1, id.size())));
    return label + id;
}

void put_name(std::string& out, const Group& group, std::size_t width) {
    out.append(margin, ' ');
    append_left(out, group_label(group, width), width);
}

/// The columns of the longest label, each of at most `width` where it can be shortened.
template <typename Rows, typename GroupOf>
std::size_t longest_label(const Rows& rows, GroupOf group_of, std::size_t width) {
    std::size_t longest = shortest_name;
    for (const auto& row : rows) {
        longest = std::max(longest, display_columns(group_label(group_of(row), width)));
    }
    return longest;
}

}  // namespace

std::string group_label(const Group& group, std::size_t width) {
    switch (group.kind) {
        case Group::Kind::process:
        case Group::Kind::thread:
        case Group::Kind::parent:
            return task_label(group, width);
        case Group::Kind::comm:
            return util::printable(group.label);
        case Group::Kind::cgroup:
            return group.label.empty() ? fmt::format("cgroup {}", group.id)
                                       : short_cgroup_path(group.label, width);
        case Group::Kind::cpu:
            return fmt::format("CPU {}", group.id);
        default:
            return fmt::format("({})", name(group.kind));
    }
}

ReportTables::ReportTables(std::string& out, const SummaryReport& report, std::size_t width)
    : out_(out),
      report_(report),
      width_(width),
      narrow_(width > 0 && width < roomy),
      waits_width_(narrow_ ? narrow_waits : waits_width),
      time_width_(narrow_ ? narrow_time : time_width),
      percent_width_(narrow_ ? narrow_percent : percent_width),
      name_width_(narrow_ ? narrow_name : shortest_name) {
    if (narrow_) {
        return;
    }
    constexpr std::size_t numbers =
        margin + waits_width + time_width + percent_width + max_width + share_width;
    const std::size_t most = room_beside(numbers);
    const auto who = [](const auto& row) { return row.who; };
    name_width_ = std::min(most, std::max(longest_label(report.victims, who, most),
                                          longest_label(report.culprits, who, most)));
}

/// What the screen leaves for names beside so many columns of numbers.
std::size_t ReportTables::room_beside(std::size_t numbers) const {
    if (width_ == 0) {
        return unlimited;
    }
    return width_ > numbers + shortest_name ? width_ - numbers : shortest_name;
}

void ReportTables::title(std::string_view text) {
    put(out_, "\n{:{}}{:<{}}", "", margin, text, name_width_);
}

bool ReportTables::shares_known() const {
    return !narrow_ && std::any_of(report_.victims.begin(), report_.victims.end(),
                                   [](const auto& row) { return row.ran_ns + row.waited_ns > 0; });
}

/// The three columns that tables have in common, without the end of the line.
void ReportTables::headings() {
    put(out_, "{:>{}}{:>{}}{:>{}}", "WAITS", waits_width_, "TIME(ms)", time_width_, "%",
        percent_width_);
}

void ReportTables::amounts(std::uint64_t waits, std::uint64_t ns) {
    put(out_, "{:>{}}{:>{}.3f}{:>{}.1f}", waits, waits_width_, in_ms(ns), time_width_,
        percent(ns, report_.wait_ns), percent_width_);
}

void ReportTables::causes() {
    title("CAUSE");
    headings();
    out_ += '\n';
    auto rows = report_.causes;
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.wait_ns > b.wait_ns; });
    for (const auto& row : rows) {
        if (row.waits > 0) {
            put(out_, "{:{}}{:<{}}", "", margin, name(row.cause), name_width_);
            amounts(row.waits, row.wait_ns);
            out_ += '\n';
        }
    }
}

void ReportTables::kinds() {
    if (report_.kinds.empty()) {
        return;
    }
    const std::size_t kind_width = narrow_ ? narrow_name : title_width;
    put(out_, "\n{:{}}{:<{}}", "", margin, "KIND", kind_width);
    headings();
    if (!narrow_) {
        put(out_, "{:>{}}{:>{}}{:>{}}", "P50(ms)", max_width, "P99(ms)", max_width, "MAX(ms)",
            max_width);
    }
    out_ += '\n';
    for (const auto& row : report_.kinds) {
        if (row.waits == 0) {
            continue;
        }
        put(out_, "{:{}}{:<{}}", "", margin, name(row.kind), kind_width);
        amounts(row.waits, row.wait_ns);
        if (!narrow_) {
            put(out_, "{:>{}.3f}{:>{}.3f}{:>{}.3f}", in_ms(row.p50_ns), max_width,
                in_ms(row.p99_ns), max_width, in_ms(row.max_ns), max_width);
        }
        out_ += '\n';
    }
}

void ReportTables::percentiles_below_each_other() {
    const auto line = [&](std::string_view what, const auto& value) {
        put(out_, "{:{}}{:<{}}{:>{}}\n", "", margin, what, name_width_, value,
            waits_width_ + time_width_);
    };
    out_ += '\n';
    line("PERCENTILE", "wait, ms");
    for (const auto& percentile : report_.percentiles) {
        line(percentile.name, fmt::format("{:.3f}", in_ms(percentile.ns)));
    }
    line("max", fmt::format("{:.3f}", in_ms(report_.max_ns)));
}

void ReportTables::percentiles() {
    if (narrow_) {
        percentiles_below_each_other();
        return;
    }
    put(out_, "\n{:{}}{:<{}}", "", margin, "PERCENTILE", title_width);
    for (const auto& percentile : report_.percentiles) {
        put(out_, "{:>{}}", percentile.name, percentile_width);
    }
    put(out_, "{:>{}}\n{:{}}{:<{}}", "max", percentile_width, "", margin, "wait, ms", title_width);
    for (const auto& percentile : report_.percentiles) {
        put(out_, "{:>{}.3f}", in_ms(percentile.ns), percentile_width);
    }
    put(out_, "{:>{}.3f}\n", in_ms(report_.max_ns), percentile_width);
}

/// Of the time that it wanted to run, the part that it waited.
void ReportTables::share(const SummaryReport::Victim& victim) {
    const std::uint64_t wanted_ns = victim.ran_ns + victim.waited_ns;
    if (wanted_ns == 0) {
        put(out_, "{:>{}}", "-", share_width);
    } else {
        put(out_, "{:>{}.1f}", percent(victim.waited_ns, wanted_ns), share_width);
    }
}

void ReportTables::victims() {
    const bool with_shares = shares_known();
    const bool with_longest = !report_.sampled && !narrow_;
    title("VICTIM");
    headings();
    if (with_longest) {
        put(out_, "{:>{}}", "MAX(ms)", max_width);
    }
    out_ += with_shares ? fmt::format("{:>{}}\n", "SHARE(%)", share_width) : "\n";
    for (const auto& victim : report_.victims) {
        put_name(out_, victim.who, name_width_);
        amounts(victim.waits, victim.wait_ns);
        if (with_longest) {
            put(out_, "{:>{}.3f}", in_ms(victim.max_ns), max_width);
        }
        if (with_shares) {
            share(victim);
        }
        out_ += '\n';
    }
    if (with_shares) {
        put(out_, "{:{}}SHARE: how much of the time that it wanted to run it waited\n", "", margin);
    }
}

void ReportTables::culprits() {
    const std::size_t ns_width = waits_width_ + time_width_;
    title("CULPRIT");
    put(out_, "{:>{}}{:>{}}\n", "TIME(ms)", ns_width, "%", percent_width_);
    for (const auto& culprit : report_.culprits) {
        put_name(out_, culprit.who, name_width_);
        put(out_, "{:>{}.3f}{:>{}.1f}\n", in_ms(culprit.ns), ns_width,
            percent(culprit.ns, report_.wait_ns), percent_width_);
    }
}

/// At least one, beside the columns of the others and of the sum and a name of the shortest.
std::size_t ReportTables::culprits_that_fit() const {
    const std::size_t all = report_.table_culprits.size();
    if (width_ == 0) {
        return all;
    }
    const std::size_t fixed = margin + shortest_name + 2 * cell_width;
    const std::size_t room = width_ > fixed ? (width_ - fixed) / cell_width : 0;
    return std::min(all, std::max<std::size_t>(room, 1));
}

void ReportTables::table_row(const SummaryReport::TableRow& row, std::size_t name_width,
                             std::size_t shown) {
    const std::span<const std::uint64_t> cells(row.ns);
    const auto hidden = cells.subspan(shown);
    put_name(out_, row.victim, name_width);
    for (const std::uint64_t ns : cells.first(shown)) {
        put(out_, "{:>{}.3f}", in_ms(ns), cell_width);
    }
    put(out_, "{:>{}.3f}{:>{}.3f}\n",
        in_ms(std::accumulate(hidden.begin(), hidden.end(), row.others_ns)), cell_width,
        in_ms(row.wait_ns), cell_width);
}

void ReportTables::culprits_by_victim() {
    if (narrow_) {
        return;  // one culprit beside the sums would say nothing
    }
    const std::size_t shown = culprits_that_fit();
    const std::size_t most = room_beside(margin + (shown + 2) * cell_width);
    const auto victim = [](const auto& row) { return row.victim; };
    const std::size_t name_width = std::min(most, longest_label(report_.table, victim, most));
    put(out_, "\n{:{}}Who had the CPU (columns) while whom waited (rows), ms\n{:{}}", "", margin,
        "", margin + name_width);
    for (const auto& culprit : std::span(report_.table_culprits).first(shown)) {
        out_ += ' ';
        append_right(out_, group_label(culprit, cell_width - 1), cell_width - 1);
    }
    put(out_, "{:>{}}{:>{}}\n", "(others)", cell_width, "SUM", cell_width);
    for (const auto& row : report_.table) {
        table_row(row, name_width, shown);
    }
}

void ReportTables::closing() {
    if (report_.victims_folded + report_.culprits_folded > 0) {
        put(out_,
            "\n{:{}}(others) hold {} victims and {} culprits that were too many to keep apart\n",
            "", margin, report_.victims_folded, report_.culprits_folded);
    }
    if (!report_.last) {
        out_ += '\n';
    }
}

namespace {

/// What a live report begins with.
void put_opening(std::string& out, const SummaryReport& report, const SinkSetup& setup) {
    const double seconds = static_cast<double>(report.duration_ns) / 1e9;
    if (report.sampled) {
        put(out, "\nSummary of {:.1f} s: {} waits, {:.3f} ms in all; single waits are not known\n",
            seconds, report.waits, in_ms(report.wait_ns));
    } else {
        put(out, "\nSummary of {:.1f} s: {} waits longer than {} us, {:.3f} ms in all\n", seconds,
            report.waits, setup.info.min_us, in_ms(report.wait_ns));
    }
    if (report.lost > 0) {
        put(out, "{} more were lost and are not included; a larger --buffer helps\n", report.lost);
    }
    put_unknown(
        out,
        {report.wait_ns, report.unknown_ns, report.early_unknown_ns, report.lost > report.waits},
        setup.history);
}

}  // namespace

void append_report_tables(std::string& out, const SummaryReport& report, const SinkSetup& setup) {
    put_opening(out, report, setup);
    if (report.waits == 0 && report.wait_ns == 0) {
        return;
    }
    ReportTables tables(out, report, setup.width);
    if (!report.sampled) {
        tables.causes();
        tables.kinds();
        tables.percentiles();
    }
    tables.victims();
    if (!report.sampled) {
        tables.culprits();
        tables.culprits_by_victim();
    }
    tables.closing();
}

}  // namespace rqs::sinks
