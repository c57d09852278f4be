// SPDX-License-Identifier: BSD-2-Clause
// One object a line (docs/OUTPUT_SCHEMA.md). Valid UTF-8 always, whatever tasks are called.
#include <memory>

#include "model/names.h"
#include "sinks/closing.h"
#include "sinks/json_fields.h"
#include "sinks/sink.h"
#include "util/local_time.h"

namespace rqs::sinks {
namespace {

using json::field;
using json::task;
using json::word;

constexpr std::uint32_t default_named_tasks = 16;

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
        json::wait_fields(line, wait, info_.names, named_tasks_);
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
        json::cgroups(line, stuck.cgroup_id, stuck.sched_cgroup_id, info_.names);
        json::scheduling(line, stuck.policy, stuck.prio);
        word(line, R"(,"cause":")", name(stuck.cause));
        if (stuck.throttled) {
            json::quota(line, stuck.sched_cgroup_id, info_.names);
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
        line.text("}\n");
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
        line.text(",\"time\":");
        json::time(line, time_.at(ts_ns));
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
