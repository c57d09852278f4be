// SPDX-License-Identifier: BSD-2-Clause
// One object a line (docs/OUTPUT_SCHEMA.md). Valid UTF-8 always, whatever tasks are called.
#include <memory>

#include "model/names.h"
#include "sinks/closing.h"
#include "sinks/json_fields.h"
#include "sinks/named_parts.h"
#include "sinks/sink.h"
#include "util/local_time.h"

namespace rqs::sinks {
namespace {

using json::field;
using json::task;
using json::word;

constexpr std::uint32_t default_named_tasks = 16;

void scheduling(Line& line, Policy policy, std::int16_t prio) {
    word(line, R"(,"policy":")", name(policy));
    line.text(",\"prio\":");
    line.number(prio);
}

void waker(Line& line, const Waker& waker) {
    field(line, R"(,"waker":{"cpu":)", waker.cpu);
    task(line, waker.task);
    line.text(waker.interrupt ? R"(,"context":"interrupt"})" : R"(,"context":"task"})");
}

void ran_part(Line& line, const Part& part) {
    task(line, part.task);
    word(line, R"(,"relation":")", name(part.relation));
    field(line, ",\"cgroup_id\":", part.cgroup_id);
    scheduling(line, part.policy, part.prio);
    if (part.kernel_thread) {
        line.text(",\"kthread\":true");
    }
}

/// Whose limit it was that throttled; `group` is the waiter's, null where it is not known.
void quota(Line& line, const CgroupInfo* group) {
    if (group == nullptr || !group->quota_us) {
        return;
    }
    field(line, ",\"quota_us\":", *group->quota_us);
    field(line, ",\"period_us\":", group->period_us);
    line.text(",\"quota_cgroup\":");
    line.json_string(group->quota_path);
}

class JsonSink final : public Sink {
  public:
    explicit JsonSink(const SinkSetup& setup)
        : info_(setup.info),
          named_tasks_(setup.view.named_tasks.value_or(default_named_tasks)),
          time_(setup.info.realtime_offset_ns),
          closing_(setup) {}

    void wait(std::string& out, const Wait& wait) override {
        closing_.wait(wait);
        Line line(out);
        head(line, "wait", wait.ts_ns);
        field(line, ",\"cpu\":", wait.cpu);
        task(line, wait.task);
        field(line, ",\"wait_ns\":", wait.wait_ns);
        word(line, R"(,"kind":")", name(wait.kind));
        field(line, ",\"prev_tid\":", wait.prev.tid);
        field(line, ",\"prev_pid\":", wait.prev.pid);
        line.text(",\"prev_comm\":");
        line.json_string(wait.prev.comm);
        cgroups(line, wait.cgroup_id, wait.sched_cgroup_id);
        line.text(wait.stamped ? ",\"stamped\":true" : ",\"stamped\":false");
        if (!wait.complete) {
            line.text(",\"complete\":false");
        }
        scheduling(line, wait.policy, wait.prio);
        word(line, R"(,"cause":")", name(wait.cause));
        why(line, wait);
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
        word(line, R"(,"kind":")", name(stuck.kind));
        field(line, ",\"running_tid\":", stuck.running.tid);
        field(line, ",\"running_pid\":", stuck.running.pid);
        line.text(",\"running_comm\":");
        line.json_string(stuck.running.comm);
        cgroups(line, stuck.cgroup_id, stuck.sched_cgroup_id);
        scheduling(line, stuck.policy, stuck.prio);
        word(line, R"(,"cause":")", name(stuck.cause));
        if (stuck.throttled) {
            quota(line, cgroup(stuck.sched_cgroup_id));
        }
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

    void loss(std::string& out, std::string& talk, const Loss& loss) override {
        Line line(out);
        head(line, "loss", loss.to_ns);
        field(line, ",\"cpu\":", loss.cpu);
        field(line, ",\"from_ns\":", loss.from_ns);
        field(line, ",\"to_ns\":", loss.to_ns);
        field(line, ",\"lost\":", loss.lost);
        line.text("}\n");
        line.finish();
        closing_.loss(talk, loss);
    }

    void report(std::string& out, std::string& /*talk*/, const SummaryReport& report) override {
        Line line(out);
        head(line, "report", report.ts_ns);
        json::report_fields(line, report, info_.min_us);
        line.finish();
    }

    void end(std::string& out, std::string& talk, const RunEnd& end) override {
        const Counters& counters = end.counters;
        Line line(out);
        line.text(R"({"type":"summary")");
        field(line, ",\"seen\":", counters.seen);
        field(line, ",\"kept\":", counters.kept);
        field(line, ",\"lost\":", counters.lost);
        field(line, ",\"left_out\":", counters.left_out);
        field(line, ",\"duration_ns\":", end.ended_ns - info_.began_ns);
        field(line, ",\"unverified\":", counters.unverified);
        field(line, ",\"late\":", counters.late);
        word(line, R"(,"mode":")", info_.sampled ? "intervals" : "waits");
        line.text("}\n");
        line.finish();
        closing_.warnings(talk, end);
    }

    void clock(const ClockReading& reading) override {
        time_.set_offset(reading.realtime_offset_ns);
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

    /// Null where nobody told.
    [[nodiscard]] const CgroupInfo* cgroup(std::uint64_t id) const {
        return info_.names == nullptr ? nullptr : info_.names->cgroup(id);
    }

    void cgroups(Line& line, std::uint64_t id, std::uint64_t sched_id) const {
        field(line, ",\"cgroup_id\":", id);
        const CgroupInfo* told = info_.names == nullptr ? nullptr : info_.names->v2_cgroup(id);
        if (told != nullptr) {
            line.text(",\"cgroup\":");
            line.json_string(told->path);
        }
        if (sched_id == id) {
            return;
        }
        field(line, ",\"sched_cgroup_id\":", sched_id);
        if (const CgroupInfo* group = cgroup(sched_id)) {
            line.text(",\"sched_cgroup\":");
            line.json_string(group->path);
        }
    }

    void why(Line& line, const Wait& wait) const {
        std::string_view start = R"({"kind":")";
        line.text(",\"why\":[");
        const OtherTasks others = show_parts(wait.why, named_tasks_, [&](const Part& part) {
            line.text(start);
            line.text(name(part.kind));
            field(line, R"(","ns":)", part.ns);
            if (part.kind == PartKind::ran) {
                ran_part(line, part);
            } else if (part.kind == PartKind::throttled) {
                quota(line, cgroup(wait.sched_cgroup_id));
            }
            line.text("}");
            start = R"(,{"kind":")";
        });
        if (others.count > 0) {
            line.text(start);
            field(line, R"(others","ns":)", others.ns);
            field(line, ",\"count\":", others.count);
            line.text("}");
        }
        line.text("]");
    }

    RunInfo info_;
    std::uint32_t named_tasks_;
    util::LocalTime time_;
    Closing closing_;
};

}  // namespace

std::unique_ptr<Sink> make_json_sink(const SinkSetup& setup) {
    return std::make_unique<JsonSink>(setup);
}

Needs json_needs(const ViewOptions& view) {
    return {.parts = true,
            .named_tasks = view.named_tasks.value_or(default_named_tasks),
            .cgroup_names = true};
}

}  // namespace rqs::sinks
