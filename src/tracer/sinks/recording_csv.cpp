// SPDX-License-Identifier: BSD-2-Clause
// A report of a recording as one rectangle (RFC 4180): each fact is a row, `section` says which
// columns it has. Lines end with CRLF.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "aggregate/idle_report.h"
#include "aggregate/recording_report.h"
#include "model/group_by.h"
#include "model/names.h"
#include "sinks/headline.h"
#include "sinks/put.h"
#include "util/local_time.h"
#include "util/safe_text.h"

namespace rqs::sinks {

// Declared where its table is (recording_report.cpp).
void append_recording_csv(std::string& out, const RecordingReport& report, std::size_t width);

namespace {

enum class Field {
    section,
    name,
    kind,
    id,
    other_name,
    other_kind,
    other_id,
    cpu,
    from_ns,
    to_ns,
    time,
    waits,
    ns,
    max_ns,
    value
};
constexpr std::array<std::string_view, static_cast<std::size_t>(Field::value) + 1> headings{
    "section", "name",  "kind", "id",    "other_name", "other_kind", "other_id", "cpu",
    "from_ns", "to_ns", "time", "waits", "ns",         "max_ns",     "value"};

/// One line; what is not set is empty.
class Row {
  public:
    explicit Row(std::string_view section) { set(Field::section, section); }

    Row& set(Field field, std::string_view raw) {
        fields_.at(static_cast<std::size_t>(field)) = raw;
        return *this;
    }
    Row& set(Field field, std::uint64_t value) { return set(field, std::to_string(value)); }
    Row& who(const Group& group) { return who(group, Field::name, Field::kind, Field::id); }
    Row& other(const Group& group) {
        return who(group, Field::other_name, Field::other_kind, Field::other_id);
    }

    void append_to(std::string& out) const {
        std::string_view comma;
        for (const std::string& field : fields_) {
            out += comma;
            util::append_csv_field(out, field);
            comma = ",";
        }
        out += "\r\n";
    }

  private:
    Row& who(const Group& group, Field label, Field kind, Field id) {
        // Names share no id, and what is no task has none.
        const bool has_id = group.kind < Group::Kind::idle && group.kind != Group::Kind::comm;
        set(label, group.label).set(kind, rqs::name(group.kind));
        return has_id ? set(id, group.id) : *this;
    }

    std::array<std::string, headings.size()> fields_;
};

class RecordingCsv {
  public:
    RecordingCsv(std::string& out, const RecordingReport& report)
        : out_(out), report_(report), time_(report.realtime_offset_ns) {}

    void heading();
    void recording();
    void totals();
    void percentiles();
    void lengths();
    void causes_and_kinds();
    void victims_and_culprits();
    void table();
    void avoidable();
    void losses();
    void worst();
    void damage();

  private:
    void add(const Row& row) { row.append_to(out_); }
    void fact(std::string_view name, std::string_view value) {
        add(Row("recording").set(Field::name, name).set(Field::value, value));
    }
    void total(std::string_view name, std::uint64_t value) {
        add(Row("total").set(Field::name, name).set(Field::value, value));
    }
    std::string local_time(std::uint64_t ts_ns) {
        const auto moment = time_.at(ts_ns);
        return fmt::format("{}.{:06}{}", moment.date, moment.micros, moment.zone);
    }
    void avoidable(std::string_view name, std::uint64_t value) {
        add(Row("avoidable").set(Field::name, name).set(Field::value, value));
    }
    void cpu(const IdleReport::Cpu& cpu);
    void percentile(std::string_view name, std::string_view kind, std::uint64_t ns) {
        add(Row("percentile").set(Field::name, name).set(Field::kind, kind).set(Field::ns, ns));
    }

    std::string& out_;
    const RecordingReport& report_;
    util::LocalTime time_;
};

void RecordingCsv::heading() {
    std::string_view comma;
    for (const std::string_view heading : headings) {
        put(out_, "{}{}", comma, heading);
        comma = ",";
    }
    out_ += "\r\n";
}

void RecordingCsv::recording() {
    fact("headline", headline(report_));
    for (const RecordingInfo& info : report_.info) {
        fact("host", info.host);
        fact("kernel", info.kernel);
        fact("machine", info.machine);
        fact("tool", info.tool);
        fact("command_line", fmt::format("{}", fmt::join(info.command_line, " ")));
        if (!info.imported_from.empty()) {
            fact("imported_from", info.imported_from);
        }
    }
    fact("from", local_time(report_.from_ns));
    fact("to", local_time(report_.to_ns));
    fact("by", name(report_.summary.by));
}

void RecordingCsv::totals() {
    const SummaryReport& summary = report_.summary;
    total("duration_ns", report_.duration_ns());
    total("min_us", report_.min_us);
    total("switches", report_.switches);
    total("waits", summary.waits);
    total("wait_ns", summary.wait_ns);
    total("unknown_ns", summary.unknown_ns);
    total("left_out", summary.left_out);
    total("lost_ring", report_.lost(LossReason::ring));
    total("lost_damage", report_.lost(LossReason::damage));
}

void RecordingCsv::percentiles() {
    for (const auto& each : report_.summary.percentiles) {
        percentile(each.name, "", each.ns);
    }
    percentile("max", "", report_.summary.max_ns);
    for (const auto& row : report_.summary.kinds) {
        percentile("p50", name(row.kind), row.p50_ns);
        percentile("p99", name(row.kind), row.p99_ns);
        percentile("max", name(row.kind), row.max_ns);
    }
}

void RecordingCsv::lengths() {
    const auto [first, end] = report_.lengths.used();
    for (std::size_t i = first; i < end; ++i) {
        add(Row("histogram")
                .set(Field::from_ns, WaitLengths::from_ns(i))
                .set(Field::to_ns, WaitLengths::to_ns(i))
                .set(Field::waits, report_.lengths.count(i)));
    }
}

void RecordingCsv::causes_and_kinds() {
    for (const auto& row : report_.summary.causes) {
        add(Row("cause")
                .set(Field::name, name(row.cause))
                .set(Field::waits, row.waits)
                .set(Field::ns, row.wait_ns));
    }
    for (const auto& row : report_.summary.kinds) {
        add(Row("kind")
                .set(Field::name, name(row.kind))
                .set(Field::waits, row.waits)
                .set(Field::ns, row.wait_ns)
                .set(Field::max_ns, row.max_ns));
    }
}

void RecordingCsv::victims_and_culprits() {
    for (const auto& row : report_.summary.victims) {
        add(Row("victim")
                .who(row.who)
                .set(Field::waits, row.waits)
                .set(Field::ns, row.wait_ns)
                .set(Field::max_ns, row.max_ns));
    }
    for (const auto& row : report_.summary.culprits) {
        add(Row("culprit").who(row.who).set(Field::ns, row.ns));
    }
}

void RecordingCsv::table() {
    const SummaryReport& summary = report_.summary;
    for (const auto& row : summary.table) {
        for (std::size_t i = 0; i < std::min(row.ns.size(), summary.table_culprits.size()); ++i) {
            add(Row("table")
                    .who(row.victim)
                    .other(summary.table_culprits[i])
                    .set(Field::ns, row.ns[i]));
        }
        add(Row("table").who(row.victim).other(Group{}).set(Field::ns, row.others_ns));
    }
}

void RecordingCsv::cpu(const IdleReport::Cpu& cpu) {
    const auto fact = [&](std::string_view name, std::uint64_t value) {
        add(Row("cpu").set(Field::name, name).set(Field::cpu, cpu.cpu).set(Field::value, value));
    };
    fact("busy_ns", cpu.busy_ns);
    fact("idle_ns", cpu.idle_ns);
    fact("idle_while_others_queued_ns", cpu.idle_while_others_queued_ns);
    fact("waits", cpu.waits);
    fact("wait_ns", cpu.wait_ns);
}

/// What idle CPUs could have run; no rows where that was not looked at.
void RecordingCsv::avoidable() {
    if (!report_.idle) {
        return;
    }
    const IdleReport& idle = *report_.idle;
    avoidable("ns", idle.avoidable_ns);
    avoidable("waits", idle.avoidable_waits);
    avoidable("undecided_waits", idle.undecided_waits);
    avoidable("unknown_affinity_waits", idle.unknown_affinity_waits);
    avoidable("throttled_waits", idle.throttled_waits);
    avoidable("idle_while_others_queued_ns", idle.idle_while_others_queued_ns);
    for (const IdleVictims::Row& victim : idle.victims) {
        Row row("avoidable_victim");
        row.who(victim.who).set(Field::waits, victim.waits).set(Field::ns, victim.ns);
        if (victim.idle_cpu) {
            row.set(Field::cpu, *victim.idle_cpu);
        }
        add(row);
    }
    for (const IdleReport::Cpu& each : idle.cpus) {
        cpu(each);
    }
}

void RecordingCsv::losses() {
    for (const Loss& loss : report_.losses) {
        Row row("loss");
        row.set(Field::name, name(loss.reason))
            .set(Field::from_ns, loss.from_ns)
            .set(Field::to_ns, loss.to_ns)
            .set(Field::time, local_time(loss.from_ns))
            .set(Field::waits, loss.lost);
        if (loss.cpu != Loss::any_cpu) {
            row.set(Field::cpu, loss.cpu);
        }
        add(row);
    }
}

void RecordingCsv::worst() {
    for (const WorstWait& each : report_.worst) {
        const Wait& wait = each.wait;
        time_.set_offset(each.realtime_offset_ns);
        Row row("worst");
        row.set(Field::name, wait.task.comm.view())
            .set(Field::kind, "thread")
            .set(Field::id, wait.task.tid)
            .set(Field::cpu, wait.cpu)
            .set(Field::from_ns, wait.ts_ns - std::min(wait.ts_ns, wait.wait_ns))
            .set(Field::to_ns, wait.ts_ns)
            .set(Field::time, local_time(wait.ts_ns))
            .set(Field::ns, wait.wait_ns)
            .set(Field::value, rqs::name(wait.cause));
        if (!wait.why.empty()) {
            const Part& largest = wait.why.front();
            row.set(Field::other_kind, rqs::name(largest.kind));
            if (largest.kind == PartKind::ran) {
                row.set(Field::other_name, largest.task.comm.view())
                    .set(Field::other_id, largest.task.tid);
            }
        }
        add(row);
    }
    time_.set_offset(report_.realtime_offset_ns);
}

void RecordingCsv::damage() {
    for (const std::string& each : report_.damage) {
        add(Row("damage").set(Field::value, each));
    }
}

}  // namespace

void append_recording_csv(std::string& out, const RecordingReport& report, std::size_t /*width*/) {
    RecordingCsv csv(out, report);
    csv.heading();
    csv.recording();
    csv.totals();
    csv.percentiles();
    csv.lengths();
    csv.causes_and_kinds();
    csv.victims_and_culprits();
    csv.table();
    csv.avoidable();
    csv.losses();
    csv.worst();
    csv.damage();
}

}  // namespace rqs::sinks
