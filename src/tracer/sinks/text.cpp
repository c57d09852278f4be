// SPDX-License-Identifier: BSD-2-Clause
// The lines that runqslower has always printed; -w, -W, --stuck and --waker add to them and change
// nothing where they are off. Columns: column_table.cpp; layouts: docs/OUTPUT_SCHEMA.md.
#include <memory>

#include "model/names.h"
#include "sinks/column_table.h"
#include "sinks/report_tables.h"
#include "sinks/talking_sink.h"
#include "sinks/why_line.h"

namespace rqs::sinks {
namespace {

constexpr std::uint32_t default_named_tasks = 6;

/// `woken by ksoftirqd/1 17 on CPU 1`
void waker_line(Line& line, const Waker& waker) {
    line.text(indent);
    line.text("woken by ");
    if (waker.interrupt) {
        line.text("an interrupt on CPU ");
        line.number(waker.cpu);
        line.text(waker.task.tid == 0 ? " (idle" : " (during ");
        if (waker.task.tid != 0) {
            put_task_name(line, waker.task);
        }
        line.text(")");
    } else {
        put_task_name(line, waker.task);
        line.text(" on CPU ");
        line.number(waker.cpu);
    }
    line.text("\n");
}

/// Who has the CPU that a stuck task waits for; a source that cannot tell leaves the name empty.
void running(Line& line, const Stuck& stuck) {
    if (stuck.running.tid != 0) {
        put_task_name(line, stuck.running);
        line.text(" has ");
    }
    line.text("CPU ");
    line.number(stuck.cpu);
    if (stuck.running.tid == 0 && !stuck.running.comm.view().empty()) {
        line.text(" is idle");
    }
}

class TextSink final : public TalkingSink {
  public:
    explicit TextSink(const SinkSetup& setup)
        : TalkingSink(setup),
          time_(setup.info.realtime_offset_ns),
          waits_(wait_columns(), setup.view),
          intervals_(interval_columns(), setup.view),
          why_line_(setup.view.named_tasks.value_or(default_named_tasks), setup.width,
                    setup.info.names) {}

    void begin(std::string& out) override {
        Line line(out);
        if (setup().info.sampled) {
            line.text(
                "Sampling run queue latency: means per interval, single waits are not known "
                "here\n");
            intervals_.heading(line);
        } else {
            line.text("Tracing run queue latency higher than ");
            line.number(setup().info.min_us);
            line.text(" us\n");
            waits_.heading(line);
        }
        line.finish();
    }

    void wait(std::string& out, const Wait& wait) override {
        closing().wait(wait);
        Line line(out);
        waits_.row(line, {wait, nullptr, time_.at(wait.ts_ns)});
        if (setup().view.wide && !setup().view.why) {
            put_remarks(line, wait);
        }
        line.text("\n");
        if (setup().view.why) {
            why_line_.put(line, wait);
            line.text("\n");
        }
        if (wait.waker) {
            waker_line(line, *wait.waker);
        }
        line.finish();
    }

    void stuck(std::string& out, const Stuck& stuck) override {
        Line line(out);
        const Wait so_far = wait_of(stuck);
        waits_.row(line, {so_far, &stuck, time_.at(stuck.ts_ns)});
        line.text("\n");
        line.text(indent);
        line.text("still waiting, ");
        line.text(name(stuck.cause));
        line.text(": ");
        running(line, stuck);
        line.text("\n");
        line.finish();
    }

    void interval(std::string& out, const Interval& interval) override {
        Line line(out);
        intervals_.row(line, {interval, time_.at(interval.ts_ns)});
        line.text("\n");
        line.finish();
    }

    void report(std::string& out, std::string& /*talk*/, const SummaryReport& report) override {
        closing().report(report);
        append_report_tables(out, report, setup());
    }

    void clock(const ClockReading& reading) override {
        time_.set_offset(reading.realtime_offset_ns);
    }

  private:
    util::LocalTime time_;
    TextColumns<WaitRow> waits_;
    TextColumns<IntervalRow> intervals_;
    WhyLine why_line_;
};

}  // namespace

std::unique_ptr<Sink> make_text_sink(const SinkSetup& setup) {
    return std::make_unique<TextSink>(setup);
}

/// Lines without -W say nothing of what waits were spent on.
Needs text_needs(const ViewOptions& view) {
    if (!view.why) {
        return {};
    }
    return {.parts = true,
            .named_tasks = view.named_tasks.value_or(default_named_tasks),
            .cgroup_names = true};
}

}  // namespace rqs::sinks
