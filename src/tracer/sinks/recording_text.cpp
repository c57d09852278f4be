// SPDX-License-Identifier: BSD-2-Clause
// A report of a recording for a person: the answer first, then what it rests on.
#include <algorithm>
#include <string>
#include <string_view>

#include "aggregate/loss_timeline.h"
#include "aggregate/recording_report.h"
#include "model/names.h"
#include "sinks/columns.h"
#include "sinks/headline.h"
#include "sinks/idle_tables.h"
#include "sinks/line.h"
#include "sinks/put.h"
#include "sinks/report_tables.h"
#include "sinks/why_line.h"
#include "sinks/words.h"
#include "sinks/wrapped.h"
#include "util/local_time.h"
#include "util/safe_text.h"

namespace rqs::sinks {

// Declared where its table is (recording_report.cpp).
void append_recording_text(std::string& out, const RecordingReport& report, std::size_t width);

namespace {

constexpr std::size_t margin = 2;
constexpr std::size_t fact_width = 12;
constexpr std::size_t comm_width = 16;
constexpr std::size_t losses_shown = 20;
constexpr std::size_t longest_bar = 40;

double seconds(std::uint64_t ns) {
    return static_cast<double>(ns) / 1e9;
}

/// `2026-01-02 02:55:20`
std::string date_of(const util::LocalTime::Moment& moment) {
    std::string date = moment.date;
    std::replace(date.begin(), date.end(), 'T', ' ');
    return date;
}

/// `02:55:20.123456`
std::string clock_of(const util::LocalTime::Moment& moment) {
    return fmt::format("{}.{:06}", moment.clock, moment.micros);
}

/// The edge of a bucket, which is a power of two of us: 512 us, 4.1 ms, 1.0 s.
std::string edge(std::uint64_t ns) {
    constexpr std::uint64_t us = 1'000;
    if (ns < 1'000 * us) {
        return fmt::format("{} us", ns / us);
    }
    const bool long_one = ns >= 1'000'000 * us;
    const double value = static_cast<double>(ns) / (long_one ? 1e9 : 1e6);
    return fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, long_one ? "s" : "ms");
}

class RecordingText {
  public:
    RecordingText(std::string& out, const RecordingReport& report, std::size_t width)
        : out_(out),
          report_(report),
          width_(width),
          time_(report.realtime_offset_ns),
          tables_(out, report.summary, width) {}

    void headline_first();
    void facts();
    void lengths();
    void tables();
    void losses();
    void worst();
    void damage();

  private:
    void fact(std::string_view name, std::string_view value);
    void run(const RecordingInfo& info);
    void span();
    void waits();
    void lost();
    void loss(const Loss& loss);
    void worst_wait(const WorstWait& worst);
    [[nodiscard]] std::uint64_t since_start(std::uint64_t ts_ns) const {
        return ts_ns - std::min(ts_ns, report_.from_ns);
    }

    std::string& out_;
    const RecordingReport& report_;
    std::size_t width_;
    util::LocalTime time_;
    ReportTables tables_;
};

void RecordingText::headline_first() {
    append_wrapped(out_, headline(report_), width_, 0);
}

void RecordingText::fact(std::string_view name, std::string_view value) {
    put(out_, "{:{}}{:<{}}", "", margin, name, fact_width);
    append_wrapped(out_, value, width_, margin + fact_width);
}

void RecordingText::run(const RecordingInfo& info) {
    const std::size_t cpus = info.topology.empty() ? info.cpus : info.topology.size();
    const std::string host =
        info.host.empty() ? std::string() : fmt::format("{}, ", util::printable(info.host));
    fact("HOST", fmt::format("{}kernel {} {}, {} CPU{}", host, util::printable(info.kernel),
                             util::printable(info.machine), cpus, cpus == 1 ? "" : "s"));
    const std::string command = fmt::format("{}", fmt::join(info.command_line, " "));
    fact("COMMAND", fmt::format("{}{}({})", util::printable(command), command.empty() ? "" : " ",
                                util::printable(info.tool)));
    if (!info.imported_from.empty()) {
        const auto& kinds = report_.summary.kinds;
        const bool without_wakeups = std::none_of(kinds.begin(), kinds.end(), [](const auto& row) {
            return row.kind == WaitKind::woken || row.kind == WaitKind::created;
        });
        fact("IMPORTED",
             fmt::format("from {}: waits are from wakeup to switch-in, as it has them; cgroups, "
                         "quotas and affinities are not known{}",
                         util::printable(info.imported_from),
                         without_wakeups ? "; no wait here began with a wakeup: where the file "
                                           "has none, only waits after a preemption are known"
                                         : ""));
    }
}

void RecordingText::span() {
    const std::string from = date_of(time_.at(report_.from_ns));
    const auto end = time_.at(report_.to_ns);
    const std::string to = date_of(end);
    const std::string_view day = std::string_view(from).substr(0, from.find(' '));
    const bool same_day = to.compare(0, day.size(), day) == 0;
    fact("RECORDED", fmt::format("{} to {} {}, {:.1f} s", from, same_day ? end.clock : to, end.zone,
                                 seconds(report_.duration_ns())));
}

void RecordingText::waits() {
    std::string value = fmt::format("{}", report_.summary.waits);
    if (report_.min_us > 0) {
        put(value, " longer than {} us", report_.min_us);
    }
    const bool chosen = std::any_of(
        report_.info.begin(), report_.info.end(),
        [](const RecordingInfo& info) { return info.of_command || info.filters != Filters(); });
    if (chosen) {
        value += ", of the tasks that were asked for";
    }
    if (report_.summary.left_out > 0) {
        put(value, "; {} of the tool's own left out", report_.summary.left_out);
    }
    fact("WAITS", value);
}

void RecordingText::lost() {
    const std::uint64_t ring = report_.lost(LossReason::ring);
    const std::uint64_t damage = report_.lost(LossReason::damage);
    const bool imported =
        std::any_of(report_.info.begin(), report_.info.end(),
                    [](const RecordingInfo& info) { return !info.imported_from.empty(); });
    const std::string_view what = imported ? "events" : "waits";
    if (ring + damage == 0) {
        fact("LOST", "none");
    }
    if (ring > 0) {
        fact("LOST", fmt::format("{} {} (ring: it was full before it was read); a larger {} helps "
                                 "when recording",
                                 ring, what, imported ? "buffer" : "--buffer"));
    }
    if (damage > 0) {
        fact("LOST",
             fmt::format("{} {} (damage: parts of the recording cannot be read)", damage, what));
    }
}

void RecordingText::facts() {
    out_ += '\n';
    for (const RecordingInfo& info : report_.info) {
        run(info);
    }
    span();
    fact("SWITCHES", fmt::format("{}", report_.switches));
    waits();
    lost();
    const SummaryReport& summary = report_.summary;
    if (summary.unknown_ns > summary.wait_ns / 20) {
        fact("UNKNOWN", fmt::format("{} % of the time waited: nobody saw who had the CPU",
                                    rough_percent(summary.unknown_ns, summary.wait_ns)));
    }
    if (!report_.damage.empty()) {
        fact("DAMAGE", fmt::format("{} part{} of the recording cannot be read (see the end)",
                                   report_.damage.size(), report_.damage.size() == 1 ? "" : "s"));
    }
}

void RecordingText::lengths() {
    const auto [first, end] = report_.lengths.used();
    std::uint64_t most = 1;
    for (std::size_t i = first; i < end; ++i) {
        most = std::max(most, report_.lengths.count(i));
    }
    const std::string heading =
        fmt::format("{:{}}{:<9}{:<9}{:>12}{:>8}  ", "", margin, "FROM", "BELOW", "WAITS", "%");
    const std::size_t bar = width_ == 0
                                ? longest_bar
                                : std::min(width_ - std::min(width_, heading.size()), longest_bar);
    put(out_, "\n{}\n", std::string_view(heading).substr(0, heading.find_last_not_of(' ') + 1));
    for (std::size_t i = first; i < end; ++i) {
        const std::uint64_t waits = report_.lengths.count(i);
        const auto whole = static_cast<double>(report_.summary.waits);
        const auto length = static_cast<std::size_t>(
            static_cast<double>(waits) / static_cast<double>(most) * static_cast<double>(bar));
        put(out_, "{:{}}{:<9}{:<9}{:>12}{:>8.2f}", "", margin, edge(WaitLengths::from_ns(i)),
            edge(WaitLengths::to_ns(i)), waits, 100 * static_cast<double>(waits) / whole);
        if (waits > 0) {
            put(out_, "  {:#<{}}", "", std::max<std::size_t>(length, 1));
        }
        out_ += '\n';
    }
}

void RecordingText::tables() {
    const SummaryReport& summary = report_.summary;
    if (summary.waits == 0 && summary.wait_ns == 0) {
        return;
    }
    if (!summary.sampled) {
        tables_.percentiles();
        lengths();
        tables_.causes();
        tables_.kinds();
    }
    tables_.victims();
    if (!summary.sampled) {
        tables_.culprits();
        tables_.culprits_by_victim();
    }
    tables_.closing();
}

void RecordingText::loss(const Loss& loss) {
    put(out_, "{:{}}{:<15}{:>12.3f}{:>10.3f}{:>7}{:>14}  {}\n", "", margin,
        clock_of(time_.at(loss.from_ns)), seconds(since_start(loss.from_ns)),
        seconds(loss.to_ns - std::min(loss.from_ns, loss.to_ns)),
        loss.cpu == Loss::any_cpu ? "-" : fmt::format("{}", loss.cpu), loss.lost,
        name(loss.reason));
}

/// Fewer lines than there are losses: those that are close to each other stand in one.
void RecordingText::losses() {
    if (report_.losses.empty()) {
        return;
    }
    LossTimeline shown(losses_shown);
    for (const Loss& each : report_.losses) {
        shown.add(each);
    }
    put(out_, "\n{:{}}{:<15}{:>12}{:>10}{:>7}{:>14}  {}\n", "", margin, "LOST FROM", "AT(s)",
        "FOR(s)", "CPU", "WAITS", "REASON");
    for (const Loss& each : shown.losses()) {
        loss(each);
    }
}

void RecordingText::worst_wait(const WorstWait& worst) {
    const Wait& wait = worst.wait;
    time_.set_offset(worst.realtime_offset_ns);
    put(out_, "{:{}}{:<15}{:>12.6f} ", "", margin, clock_of(time_.at(wait.ts_ns)),
        seconds(since_start(wait.ts_ns)));
    append_left(out_, util::printable(wait.task.comm.view()), comm_width);
    put(out_, " {:<7} {:>4} {:<9}{:>11.3f}\n", wait.task.tid, wait.cpu, name(wait.kind),
        static_cast<double>(wait.wait_ns) / 1e6);
    Line line(out_);
    WhyLine(report_.worst_named_tasks, width_, &report_.worst_names).put(line, wait);
    line.text("\n");
    line.finish();
}

void RecordingText::worst() {
    if (report_.worst.empty()) {
        return;
    }
    put(out_, "\n{:{}}{:<15}{:>12} {:<16} {:<7} {:>4} {:<9}{:>11}\n", "", margin, "WORST, ENDED",
        "AT(s)", "COMM", "TID", "CPU", "KIND", "WAIT(ms)");
    for (const WorstWait& each : report_.worst) {
        worst_wait(each);
    }
    time_.set_offset(report_.realtime_offset_ns);
}

void RecordingText::damage() {
    if (report_.damage.empty()) {
        return;
    }
    put(out_, "\n{:{}}DAMAGE\n", "", margin);
    for (const std::string& each : report_.damage) {
        out_.append(margin, ' ');
        append_wrapped(out_, util::printable(each), width_, margin);
    }
}

}  // namespace

void append_recording_text(std::string& out, const RecordingReport& report, std::size_t width) {
    RecordingText text(out, report, width);
    text.headline_first();
    text.facts();
    text.tables();
    append_idle_tables(out, report);
    text.losses();
    text.worst();
    text.damage();
}

}  // namespace rqs::sinks
