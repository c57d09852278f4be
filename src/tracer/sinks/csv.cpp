// SPDX-License-Identifier: BSD-2-Clause
// RFC 4180: one rectangle a run, lines end with CRLF. Columns: docs/OUTPUT_SCHEMA.md.
#include <memory>

#include "model/names.h"
#include "sinks/formats.h"
#include "sinks/line.h"
#include "util/local_time.h"

namespace rqs::sinks {
namespace {

constexpr std::string_view wait_heading =
    "type,ts_ns,time,cpu,tid,pid,comm,wait_ns,prev_tid,prev_pid,prev_comm,cgroup_id,"
    "sched_cgroup_id,stamped,complete,policy,prio,cause,culprit_kind,culprit_comm,culprit_tid,"
    "culprit_ns";
constexpr std::string_view waker_heading =
    ",waker_cpu,waker_tid,waker_pid,waker_comm,waker_context";
constexpr std::string_view interval_heading =
    "type,ts_ns,time,tid,pid,comm,interval_ns,waits,wait_ns,mean_ns,run_ns";

void number(Line& line, std::uint64_t value) {
    line.text(",");
    line.number(value);
}

void word(Line& line, std::string_view value) {
    line.text(",");
    line.text(value);
}

void comm(Line& line, const Comm& comm) {
    line.text(",");
    line.csv_field(comm);
}

/// tid, pid, comm
void task(Line& line, const TaskId& task) {
    number(line, task.tid);
    number(line, task.pid);
    comm(line, task.comm);
}

/// culprit_kind, culprit_comm, culprit_tid, culprit_ns of the largest part.
void culprit(Line& line, const Wait& wait) {
    if (wait.why.empty()) {
        line.text(",,,,");
        return;
    }
    const Part& part = wait.why.front();
    word(line, name(part.kind));
    if (part.kind == PartKind::ran) {
        comm(line, part.task.comm);
        number(line, part.task.tid);
    } else {
        line.text(",,");
    }
    number(line, part.ns);
}

class CsvSink final : public Sink {
  public:
    explicit CsvSink(const RunInfo& info) : info_(info), time_(info.realtime_offset_ns) {}
    void set_realtime_offset(std::int64_t offset_ns) override { time_.set_offset(offset_ns); }

    void begin(std::string& out) override {
        if (info_.intervals) {
            out += interval_heading;
        } else {
            out += wait_heading;
            out += info_.options.waker ? waker_heading : std::string_view();
        }
        out += "\r\n";
    }

    void wait(std::string& out, const Wait& wait) override {
        Line line(out);
        head(line, "wait", wait.ts_ns);
        number(line, wait.cpu);
        task(line, wait.task);
        number(line, wait.wait_ns);
        task(line, wait.prev);
        number(line, wait.cgroup_id);
        number(line, wait.sched_cgroup_id);
        word(line, wait.stamped ? "true" : "false");
        word(line, wait.complete ? "true" : "false");
        word(line, name(wait.policy));
        line.text(",");
        line.number(wait.prio);
        word(line, name(wait.cause));
        culprit(line, wait);
        waker(line, wait.waker);
        line.text("\r\n");
        line.finish();
    }

    /// In the columns of a wait: wait_ns is how long so far, the culprit who has the CPU now.
    void stuck(std::string& out, const Stuck& stuck) override {
        Line line(out);
        head(line, "stuck", stuck.ts_ns);
        number(line, stuck.cpu);
        task(line, stuck.task);
        number(line, stuck.waiting_ns);
        line.text(",,,");  // prev: not known before the wait ends
        number(line, stuck.cgroup_id);
        line.text(",,,,,");  // sched_cgroup_id, stamped, complete, policy, prio
        word(line, name(stuck.cause));
        if (stuck.running.tid == 0) {
            // A source that cannot tell who runs there leaves the name empty.
            word(line, stuck.running.comm.view().empty() ? "unknown" : "idle");
            line.text(",,");
        } else {
            word(line, "ran");
            comm(line, stuck.running.comm);
            number(line, stuck.running.tid);
        }
        line.text(",");  // culprit_ns: not known before the wait ends
        waker(line, {});
        line.text("\r\n");
        line.finish();
    }

    void interval(std::string& out, const Interval& interval) override {
        Line line(out);
        head(line, "interval", interval.ts_ns);
        task(line, interval.task);
        number(line, interval.interval_ns);
        number(line, interval.waits);
        number(line, interval.wait_ns);
        line.text(",");
        if (interval.waits > 0) {
            line.number(interval.wait_ns / interval.waits);
        }
        number(line, interval.run_ns);
        line.text("\r\n");
        line.finish();
    }

    void report(std::string& /*out*/, std::string& talk, const SummaryReport& report) override {
        append_report_tables(talk, report, info_.options.min_us);
    }

    void end(std::string& /*out*/, std::string& talk, const Counters& counters,
             std::uint64_t duration_ns) override {
        append_closing_line(talk, counters, duration_ns, info_.intervals);
    }

  private:
    void head(Line& line, std::string_view type, std::uint64_t ts_ns) {
        line.text(type);
        number(line, ts_ns);
        const auto moment = time_.at(ts_ns);
        word(line, moment.date);
        line.text(".");
        line.micros(moment.micros);
        line.text(moment.zone);
    }

    /// waker_cpu, waker_tid, waker_pid, waker_comm, waker_context, where --waker asked for them.
    void waker(Line& line, const std::optional<Waker>& waker) const {
        if (!info_.options.waker) {
            return;
        }
        if (!waker) {
            line.text(",,,,,");
            return;
        }
        number(line, waker->cpu);
        task(line, waker->task);
        word(line, waker->interrupt ? "interrupt" : "task");
    }

    RunInfo info_;
    util::LocalTime time_;
};

}  // namespace

std::unique_ptr<Sink> make_csv_sink(const RunInfo& info) {
    return std::make_unique<CsvSink>(info);
}

}  // namespace rqs::sinks
