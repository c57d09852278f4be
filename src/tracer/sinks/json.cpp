// SPDX-License-Identifier: BSD-2-Clause
// One object a line (docs/OUTPUT_SCHEMA.md). Valid UTF-8 always, whatever tasks are called.
#include <memory>

#include "aggregate/summary.h"
#include "model/names.h"
#include "sinks/formats.h"
#include "sinks/line.h"
#include "util/local_time.h"
#include "util/safe_text.h"

namespace rqs::sinks {
namespace {

/// `key` is `,"name":` as it stands in the line: one copy instead of three.
template <std::size_t size>
void field(Line& line, Literal<size> key, std::uint64_t value) {
    line.text(key);
    line.number(value);
}

/// The same with the quotation mark before the value.
template <std::size_t size>
void word(Line& line, Literal<size> key, std::string_view value) {
    line.text(key);
    line.text(value);
    line.text("\"");
}

/// `,"tid":…,"pid":…,"comm":…`
void task(Line& line, const TaskId& task) {
    field(line, ",\"tid\":", task.tid);
    field(line, ",\"pid\":", task.pid);
    line.text(",\"comm\":");
    line.json_string(task.comm);
}

void scheduling(Line& line, Policy policy, std::int16_t prio) {
    word(line, R"(,"policy":")", name(policy));
    line.text(",\"prio\":");
    line.number(prio);
}

void part(Line& line, const Part& part) {
    word(line, R"({"kind":")", name(part.kind));
    field(line, ",\"ns\":", part.ns);
    if (part.kind == PartKind::ran) {
        task(line, part.task);
        word(line, R"(,"relation":")", name(part.relation));
        field(line, ",\"cgroup_id\":", part.cgroup_id);
        scheduling(line, part.policy, part.prio);
        if (part.kernel_thread) {
            line.text(",\"kthread\":true");
        }
    }
    line.text("}");
}

void waker(Line& line, const Waker& waker) {
    field(line, R"(,"waker":{"cpu":)", waker.cpu);
    task(line, waker.task);
    line.text(waker.interrupt ? R"(,"context":"interrupt"})" : R"(,"context":"task"})");
}

void group(Line& line, std::string& out, const Group& group) {
    word(line, R"({"kind":")", name(group.kind));
    if (group.kind == Group::Kind::process) {
        field(line, ",\"pid\":", group.id);
        line.text(",\"comm\":");
    } else if (group.kind == Group::Kind::cgroup) {
        field(line, ",\"cgroup_id\":", group.id);
        line.text(",\"path\":");
    } else {
        return;
    }
    line.finish();
    util::append_json_string(out, group.label);
}

class JsonSink final : public Sink {
  public:
    explicit JsonSink(const RunInfo& info) : info_(info), time_(info.realtime_offset_ns) {}
    void set_realtime_offset(std::int64_t offset_ns) override { time_.set_offset(offset_ns); }

    void wait(std::string& out, const Wait& wait) override {
        Line line(out);
        head(line, "wait", wait.ts_ns);
        field(line, ",\"cpu\":", wait.cpu);
        task(line, wait.task);
        field(line, ",\"wait_ns\":", wait.wait_ns);
        field(line, ",\"prev_tid\":", wait.prev.tid);
        field(line, ",\"prev_pid\":", wait.prev.pid);
        line.text(",\"prev_comm\":");
        line.json_string(wait.prev.comm);
        field(line, ",\"cgroup_id\":", wait.cgroup_id);
        if (wait.sched_cgroup_id != wait.cgroup_id) {
            field(line, ",\"sched_cgroup_id\":", wait.sched_cgroup_id);
        }
        line.text(wait.stamped ? ",\"stamped\":true" : ",\"stamped\":false");
        if (!wait.complete) {
            line.text(",\"complete\":false");
        }
        scheduling(line, wait.policy, wait.prio);
        word(line, R"(,"cause":")", name(wait.cause));
        line.text(",\"why\":[");
        for (const Part& each : wait.why) {
            if (&each != wait.why.data()) {
                line.text(",");
            }
            part(line, each);
        }
        line.text("]");
        if (wait.waker) {
            waker(line, *wait.waker);
        }
        line.text("}\n");
        line.finish();
    }

    void stuck(std::string& out, const Stuck& stuck) override {
        Line line(out);
        head(line, "stuck", stuck.ts_ns);
        field(line, ",\"cpu\":", stuck.cpu);
        task(line, stuck.task);
        field(line, ",\"waiting_ns\":", stuck.waiting_ns);
        field(line, ",\"running_tid\":", stuck.running.tid);
        field(line, ",\"running_pid\":", stuck.running.pid);
        line.text(",\"running_comm\":");
        line.json_string(stuck.running.comm);
        field(line, ",\"cgroup_id\":", stuck.cgroup_id);
        word(line, R"(,"cause":")", name(stuck.cause));
        line.text("}\n");
        line.finish();
    }

    void interval(std::string& out, const Interval& interval) override {
        Line line(out);
        head(line, "interval", interval.ts_ns);
        task(line, interval.task);
        field(line, ",\"interval_ns\":", interval.interval_ns);
        field(line, ",\"waits\":", interval.waits);
        field(line, ",\"wait_ns\":", interval.wait_ns);
        if (interval.waits == 0) {
            line.text(",\"mean_ns\":null");
        } else {
            field(line, ",\"mean_ns\":", interval.wait_ns / interval.waits);
        }
        field(line, ",\"run_ns\":", interval.run_ns);
        line.text("}\n");
        line.finish();
    }

    void report(std::string& out, std::string& /*talk*/, const SummaryReport& report) override {
        Line line(out);
        head(line, "report", report.ts_ns);
        line.text(report.last ? ",\"last\":true" : ",\"last\":false");
        word(line, R"(,"by":")", report.by == GroupBy::process ? "process" : "cgroup");
        line.text(report.sampled ? ",\"sampled\":true" : ",\"sampled\":false");
        field(line, ",\"min_us\":", info_.options.min_us);
        field(line, ",\"duration_ns\":", report.duration_ns);
        field(line, ",\"waits\":", report.waits);
        field(line, ",\"wait_ns\":", report.wait_ns);
        if (!report.sampled) {
            distribution(line, report);
        }
        victims(line, out, report);
        if (!report.sampled) {
            culprits(line, out, report);
            table(line, out, report);
        }
        line.text("}\n");
        line.finish();
    }

    void end(std::string& out, std::string& /*talk*/, const Counters& counters,
             std::uint64_t duration_ns) override {
        Line line(out);
        line.text(R"({"type":"summary")");
        field(line, ",\"seen\":", counters.seen);
        field(line, ",\"kept\":", counters.kept);
        field(line, ",\"lost\":", counters.lost);
        field(line, ",\"duration_ns\":", duration_ns);
        field(line, ",\"unverified\":", counters.unverified);
        field(line, ",\"late\":", counters.late);
        word(line, R"(,"mode":")", info_.intervals ? "intervals" : "waits");
        line.text("}\n");
        line.finish();
    }

  private:
    void head(Line& line, std::string_view type, std::uint64_t ts_ns) {
        word(line, R"({"type":")", type);
        field(line, ",\"ts_ns\":", ts_ns);
        const auto moment = time_.at(ts_ns);
        line.text(R"(,"time":")");
        line.text(moment.date);
        line.text(".");
        line.micros(moment.micros);
        line.text(moment.zone);
        line.text("\"");
    }

    static void distribution(Line& line, const SummaryReport& report) {
        std::string_view comma;
        line.text(",\"causes\":[");
        for (const auto& row : report.causes) {
            line.text(comma);
            word(line, R"({"cause":")", name(row.cause));
            field(line, ",\"waits\":", row.waits);
            field(line, ",\"wait_ns\":", row.wait_ns);
            line.text("}");
            comma = ",";
        }
        line.text("],\"percentiles_ns\":{");
        for (const auto& percentile : report.percentiles) {
            line.text("\"");
            line.text(percentile.name);
            field(line, "\":", percentile.ns);
            line.text(",");
        }
        field(line, "\"max\":", report.max_ns);
        line.text("}");
    }

    static void victims(Line& line, std::string& out, const SummaryReport& report) {
        std::string_view comma;
        line.text(",\"victims\":[");
        for (const auto& victim : report.victims) {
            line.text(comma);
            group(line, out, victim.who);
            field(line, ",\"waits\":", victim.waits);
            field(line, ",\"wait_ns\":", victim.wait_ns);
            if (!report.sampled) {
                field(line, ",\"max_ns\":", victim.max_ns);
            }
            line.text("}");
            comma = ",";
        }
        line.text("]");
    }

    static void culprits(Line& line, std::string& out, const SummaryReport& report) {
        std::string_view comma;
        line.text(",\"culprits\":[");
        for (const auto& culprit : report.culprits) {
            line.text(comma);
            group(line, out, culprit.who);
            field(line, ",\"ns\":", culprit.ns);
            line.text("}");
            comma = ",";
        }
        line.text("]");
    }

    static void table(Line& line, std::string& out, const SummaryReport& report) {
        std::string_view comma;
        line.text(R"(,"table":{"culprits":[)");
        for (const auto& culprit : report.table_culprits) {
            line.text(comma);
            group(line, out, culprit);
            line.text("}");
            comma = ",";
        }
        line.text("],\"rows\":[");
        comma = {};
        for (const auto& row : report.table) {
            line.text(comma);
            line.text("{\"victim\":");
            group(line, out, row.victim);
            line.text("},\"ns\":[");
            for (const std::uint64_t ns : row.ns) {
                line.number(ns);
                line.text(",");
            }
            line.number(row.others_ns);
            field(line, "],\"wait_ns\":", row.wait_ns);
            line.text("}");
            comma = ",";
        }
        line.text("]}");
    }

    RunInfo info_;
    util::LocalTime time_;
};

}  // namespace

std::unique_ptr<Sink> make_json_sink(const RunInfo& info) {
    return std::make_unique<JsonSink>(info);
}

}  // namespace rqs::sinks
