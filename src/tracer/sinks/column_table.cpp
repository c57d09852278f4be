// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/column_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <optional>

#include "model/names.h"

namespace rqs::sinks {
namespace {

// How a value of each type stands in CSV and in text. One that is not known is empty in CSV, and
// `-` in text, where a gap would move the columns behind it.

void csv_value(Line& line, std::integral auto value) {
    line.number(value);
}
void csv_value(Line& line, bool value) {
    line.text(value ? std::string_view("true") : std::string_view("false"));
}
void csv_value(Line& line, std::string_view value) {
    line.text(value);
}
void csv_value(Line& line, const Comm& value) {
    line.csv_field(value);
}
template <typename T>
void csv_value(Line& line, const std::optional<T>& value) {
    if (value) {
        csv_value(line, *value);
    }
}

void text_value(Line& line, std::unsigned_integral auto value, const Layout& layout) {
    if (layout.align == Align::right) {
        line.number_right(value, layout.width);
    } else {
        line.number_left(value, layout.width);
    }
}
void text_value(Line& line, std::string_view value, const Layout& layout) {
    if (layout.align == Align::right) {
        line.text_right(value, layout.width);
    } else {
        line.text_left(value, layout.width);
    }
}
void text_value(Line& line, const Comm& value, const Layout& layout) {
    line.printable_left(value, layout.width);
}
template <typename T>
void text_value(Line& line, const std::optional<T>& value, const Layout& layout) {
    if (value) {
        text_value(line, *value, layout);
    } else {
        text_value(line, std::string_view("-"), layout);
    }
}

/// `take` is how a column is taken from its row.
template <auto take, typename Row>
void csv(Line& line, const Row& row) {
    csv_value(line, take(row));
}
template <auto take, typename Row>
void text(Line& line, const Row& row, const Layout& layout) {
    text_value(line, take(row), layout);
}

/// RFC 3339 with microseconds.
template <typename Row>
void full_time(Line& line, const Row& row) {
    line.text(row.moment.date);
    line.text(".");
    line.micros(row.moment.micros);
    line.text(row.moment.zone);
}

template <typename Row>
void clock_time(Line& line, const Row& row, const Layout& /*layout*/) {
    line.text(row.moment.clock);
}

template <typename Row>
void micros_time(Line& line, const Row& row, const Layout& /*layout*/) {
    line.text(row.moment.clock);
    line.text(".");
    line.micros(row.moment.micros);
}

/// In whole us, cut; `+` marks a wait that goes on.
void latency(Line& line, const WaitRow& row, const Layout& layout) {
    const std::uint64_t us = row.wait.wait_ns / 1000;
    if (row.stuck == nullptr) {
        line.number_right(us, layout.width);
        return;
    }
    std::array<char, 21> digits;
    char* const end = std::to_chars(digits.data(), digits.data() + digits.size() - 1, us).ptr;
    *end = '+';
    line.text_right({digits.data(), static_cast<std::size_t>(end - digits.data()) + 1},
                    layout.width);
}

/// What is known only when the wait is over.
template <typename T>
std::optional<T> once_over(const WaitRow& row, const T& value) {
    return row.stuck == nullptr ? std::optional<T>(value) : std::nullopt;
}

/// The largest part. Tasks that were not told apart are it only where there is nothing else.
const Part* culprit(const Wait& wait) {
    const auto named = std::find_if(wait.why.begin(), wait.why.end(),
                                    [](const Part& part) { return part.kind != PartKind::others; });
    return named != wait.why.end() ? &*named : wait.why.empty() ? nullptr : wait.why.data();
}

/// Of a stuck task: who has the CPU now. A source that cannot tell leaves the name empty.
std::string_view running_kind(const Stuck& stuck) {
    return stuck.running.tid != 0              ? name(PartKind::ran)
           : stuck.running.comm.view().empty() ? name(PartKind::unknown)
                                               : name(PartKind::idle);
}

std::string_view culprit_kind(const WaitRow& row) {
    const Part* part = culprit(row.wait);
    return row.stuck != nullptr ? running_kind(*row.stuck)
           : part != nullptr    ? name(part->kind)
                                : std::string_view();
}

/// Nothing where the culprit is no task.
std::optional<TaskId> culprit_task(const WaitRow& row) {
    if (row.stuck != nullptr) {
        return row.stuck->running.tid != 0 ? std::optional(row.stuck->running) : std::nullopt;
    }
    const Part* part = culprit(row.wait);
    return part != nullptr && part->kind == PartKind::ran ? std::optional(part->task)
                                                          : std::nullopt;
}

std::optional<Comm> culprit_comm(const WaitRow& row) {
    const auto task = culprit_task(row);
    return task ? std::optional(task->comm) : std::nullopt;
}

std::optional<std::uint32_t> culprit_tid(const WaitRow& row) {
    const auto task = culprit_task(row);
    return task ? std::optional(task->tid) : std::nullopt;
}

std::optional<std::uint64_t> culprit_ns(const WaitRow& row) {
    const Part* part = culprit(row.wait);
    return part != nullptr ? std::optional(part->ns) : std::nullopt;
}

/// `member` of the waker, nothing where there is none.
template <auto member>
void waker(Line& line, const WaitRow& row) {
    if (row.wait.waker) {
        csv_value(line, member(*row.wait.waker));
    }
}

bool wide(const ViewOptions& view) {
    return view.wide;
}
bool narrow(const ViewOptions& view) {
    return !view.wide;
}
bool previous(const ViewOptions& view) {
    return view.previous;
}
bool with_waker(const ViewOptions& view) {
    return view.waker;
}

constexpr Layout clock_layout{8};
constexpr Layout micros_layout{15};
constexpr Layout comm_layout{16};
constexpr Layout id_layout{6};
constexpr Layout latency_layout{14, Align::right};
constexpr Layout cpu_layout{3, Align::right};
constexpr Layout kind_layout{9};
constexpr Layout waits_layout{8, Align::right};

// How each column is taken from its row.
constexpr auto type = [](const WaitRow& row) {
    return row.stuck == nullptr ? std::string_view("wait") : std::string_view("stuck");
};
constexpr auto ts_ns = [](const WaitRow& row) { return row.wait.ts_ns; };
constexpr auto cpu = [](const WaitRow& row) { return row.wait.cpu; };
constexpr auto tid = [](const WaitRow& row) { return row.wait.task.tid; };
constexpr auto pid = [](const WaitRow& row) { return row.wait.task.pid; };
constexpr auto comm = [](const WaitRow& row) { return row.wait.task.comm; };
constexpr auto wait_ns = [](const WaitRow& row) { return row.wait.wait_ns; };
constexpr auto wait_kind = [](const WaitRow& row) { return name(row.wait.kind); };
constexpr auto prev_tid = [](const WaitRow& row) { return once_over(row, row.wait.prev.tid); };
constexpr auto prev_pid = [](const WaitRow& row) { return once_over(row, row.wait.prev.pid); };
constexpr auto prev_comm = [](const WaitRow& row) { return once_over(row, row.wait.prev.comm); };
constexpr auto cgroup_id = [](const WaitRow& row) { return row.wait.cgroup_id; };
constexpr auto sched_cgroup_id = [](const WaitRow& row) { return row.wait.sched_cgroup_id; };
constexpr auto stamped = [](const WaitRow& row) { return once_over(row, row.wait.stamped); };
constexpr auto complete = [](const WaitRow& row) { return once_over(row, row.wait.complete); };
constexpr auto policy = [](const WaitRow& row) { return name(row.wait.policy); };
constexpr auto prio = [](const WaitRow& row) { return row.wait.prio; };
constexpr auto cause = [](const WaitRow& row) { return name(row.wait.cause); };
constexpr auto waker_cpu = [](const Waker& waker) { return waker.cpu; };
constexpr auto waker_tid = [](const Waker& waker) { return waker.task.tid; };
constexpr auto waker_pid = [](const Waker& waker) { return waker.task.pid; };
constexpr auto waker_comm = [](const Waker& waker) { return waker.task.comm; };
constexpr auto waker_context = [](const Waker& waker) {
    return waker.interrupt ? std::string_view("interrupt") : std::string_view("task");
};

// {CSV: name, value, when}, {text: heading, place, layout, value, when}. What text shows without
// options is taken apart by scripts: it stays as it is.
constexpr std::array waits{
    Column<WaitRow>{{"type", csv<type>}, {}},
    Column<WaitRow>{{"ts_ns", csv<ts_ns>}, {}},
    Column<WaitRow>{{"time", full_time<WaitRow>},
                    {"TIME", 1, clock_layout, clock_time<WaitRow>, narrow}},
    Column<WaitRow>{{}, {"TIME", 1, micros_layout, micros_time<WaitRow>, wide}},
    Column<WaitRow>{{"cpu", csv<cpu>}, {"CPU", 6, cpu_layout, text<cpu>, wide}},
    Column<WaitRow>{{"tid", csv<tid>}, {"TID", 3, id_layout, text<tid>}},
    Column<WaitRow>{{"pid", csv<pid>}, {"PID", 5, id_layout, text<pid>, wide}},
    Column<WaitRow>{{"comm", csv<comm>}, {"COMM", 2, comm_layout, text<comm>}},
    Column<WaitRow>{{"wait_ns", csv<wait_ns>}, {"LAT(us)", 4, latency_layout, latency}},
    Column<WaitRow>{{"wait_kind", csv<wait_kind>}, {"KIND", 7, kind_layout, text<wait_kind>, wide}},
    Column<WaitRow>{{"prev_tid", csv<prev_tid>},
                    {"PREV TID", 9, id_layout, text<prev_tid>, previous}},
    Column<WaitRow>{{"prev_pid", csv<prev_pid>}, {}},
    Column<WaitRow>{{"prev_comm", csv<prev_comm>},
                    {"PREV COMM", 8, comm_layout, text<prev_comm>, previous}},
    Column<WaitRow>{{"cgroup_id", csv<cgroup_id>}, {}},
    Column<WaitRow>{{"sched_cgroup_id", csv<sched_cgroup_id>}, {}},
    Column<WaitRow>{{"stamped", csv<stamped>}, {}},
    Column<WaitRow>{{"complete", csv<complete>}, {}},
    Column<WaitRow>{{"policy", csv<policy>}, {}},
    Column<WaitRow>{{"prio", csv<prio>}, {}},
    Column<WaitRow>{{"cause", csv<cause>}, {}},
    Column<WaitRow>{{"culprit_kind", csv<culprit_kind>}, {}},
    Column<WaitRow>{{"culprit_comm", csv<culprit_comm>}, {}},
    Column<WaitRow>{{"culprit_tid", csv<culprit_tid>}, {}},
    Column<WaitRow>{{"culprit_ns", csv<culprit_ns>}, {}},
    Column<WaitRow>{{"waker_cpu", waker<waker_cpu>, with_waker}, {}},
    Column<WaitRow>{{"waker_tid", waker<waker_tid>, with_waker}, {}},
    Column<WaitRow>{{"waker_pid", waker<waker_pid>, with_waker}, {}},
    Column<WaitRow>{{"waker_comm", waker<waker_comm>, with_waker}, {}},
    Column<WaitRow>{{"waker_context", waker<waker_context>, with_waker}, {}},
};

constexpr auto i_type = [](const IntervalRow& /*row*/) { return std::string_view("interval"); };
constexpr auto i_ts_ns = [](const IntervalRow& row) { return row.interval.ts_ns; };
constexpr auto i_tid = [](const IntervalRow& row) { return row.interval.task.tid; };
constexpr auto i_pid = [](const IntervalRow& row) { return row.interval.task.pid; };
constexpr auto i_comm = [](const IntervalRow& row) { return row.interval.task.comm; };
constexpr auto i_interval_ns = [](const IntervalRow& row) { return row.interval.interval_ns; };
constexpr auto i_waits = [](const IntervalRow& row) { return row.interval.waits; };
constexpr auto i_wait_ns = [](const IntervalRow& row) { return row.interval.wait_ns; };
constexpr auto i_wait_us = [](const IntervalRow& row) { return row.interval.wait_ns / 1000; };
constexpr auto i_run_ns = [](const IntervalRow& row) { return row.interval.run_ns; };
constexpr auto i_run_us = [](const IntervalRow& row) { return row.interval.run_ns / 1000; };
constexpr auto i_mean_ns = [](const IntervalRow& row) -> std::optional<std::uint64_t> {
    const Interval& interval = row.interval;
    return interval.waits == 0 ? std::nullopt : std::optional(interval.wait_ns / interval.waits);
};
constexpr auto i_mean_us = [](const IntervalRow& row) -> std::optional<std::uint64_t> {
    const auto mean_ns = i_mean_ns(row);
    return mean_ns ? std::optional(*mean_ns / 1000) : std::nullopt;
};

constexpr std::array intervals{
    Column<IntervalRow>{{"type", csv<i_type>}, {}},
    Column<IntervalRow>{{"ts_ns", csv<i_ts_ns>}, {}},
    Column<IntervalRow>{{"time", full_time<IntervalRow>},
                        {"TIME", 1, clock_layout, clock_time<IntervalRow>, narrow}},
    Column<IntervalRow>{{}, {"TIME", 1, micros_layout, micros_time<IntervalRow>, wide}},
    Column<IntervalRow>{{"tid", csv<i_tid>}, {"TID", 3, id_layout, text<i_tid>}},
    Column<IntervalRow>{{"pid", csv<i_pid>}, {"PID", 8, id_layout, text<i_pid>, wide}},
    Column<IntervalRow>{{"comm", csv<i_comm>}, {"COMM", 2, comm_layout, text<i_comm>}},
    Column<IntervalRow>{{"interval_ns", csv<i_interval_ns>}, {}},
    Column<IntervalRow>{{"waits", csv<i_waits>}, {"WAITS", 4, waits_layout, text<i_waits>}},
    Column<IntervalRow>{{"wait_ns", csv<i_wait_ns>},
                        {"TOTAL(us)", 6, latency_layout, text<i_wait_us>}},
    Column<IntervalRow>{{"mean_ns", csv<i_mean_ns>},
                        {"AVG(us)", 5, latency_layout, text<i_mean_us>}},
    Column<IntervalRow>{{"run_ns", csv<i_run_ns>},
                        {"RAN(us)", 7, latency_layout, text<i_run_us>, wide}},
};

bool is_shown(Shown shown, const ViewOptions& view) {
    return shown == nullptr || shown(view);
}

}  // namespace

std::span<const Column<WaitRow>> wait_columns() {
    return waits;
}

std::span<const Column<IntervalRow>> interval_columns() {
    return intervals;
}

template <typename Row>
TextColumns<Row>::TextColumns(std::span<const Column<Row>> all, const ViewOptions& view) {
    for (const Column<Row>& column : all) {
        if (!column.text.heading.empty() && is_shown(column.text.shown, view)) {
            shown_.push_back(column.text);
        }
    }
    std::sort(shown_.begin(), shown_.end(),
              [](const auto& a, const auto& b) { return a.place < b.place; });
}

template <typename Row>
void TextColumns<Row>::heading(Line& line) const {
    std::string_view before;
    for (const auto& column : shown_) {
        line.text(before);
        text_value(line, column.heading, column.layout);
        before = " ";
    }
    line.text("\n");
}

template <typename Row>
CsvColumns<Row>::CsvColumns(std::span<const Column<Row>> all, const ViewOptions& view) {
    for (const Column<Row>& column : all) {
        if (!column.csv.name.empty() && is_shown(column.csv.shown, view)) {
            shown_.push_back(column.csv);
        }
    }
}

template <typename Row>
void CsvColumns<Row>::heading(Line& line) const {
    std::string_view before;
    for (const auto& column : shown_) {
        line.text(before);
        line.text(column.name);
        before = ",";
    }
    line.text("\r\n");
}

template class TextColumns<WaitRow>;
template class TextColumns<IntervalRow>;
template class CsvColumns<WaitRow>;
template class CsvColumns<IntervalRow>;

Wait wait_of(const Stuck& stuck) {
    Wait wait;
    wait.ts_ns = stuck.ts_ns;
    wait.wait_ns = stuck.waiting_ns;
    wait.cpu = stuck.cpu;
    wait.task = stuck.task;
    wait.cgroup_id = stuck.cgroup_id;
    wait.sched_cgroup_id = stuck.sched_cgroup_id;
    wait.prio = stuck.prio;
    wait.policy = stuck.policy;
    wait.kind = stuck.kind;
    wait.cause = stuck.cause;
    return wait;
}

}  // namespace rqs::sinks
