// SPDX-License-Identifier: BSD-2-Clause
// The lines that runqslower has always printed; -w, -W, --stuck and --waker add to them and change
// nothing where they are off. Layouts: docs/OUTPUT_SCHEMA.md.
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <span>

#include "model/names.h"
#include "sinks/formats.h"
#include "sinks/line.h"
#include "util/local_time.h"

namespace rqs::sinks {
namespace {

constexpr std::size_t max_parts = 6;
constexpr std::string_view indent = "    ";
constexpr std::string_view separator = " · ";

constexpr std::size_t clock_width = 8;
constexpr std::size_t micros_clock_width = 15;
constexpr std::size_t comm_width = 16;
constexpr std::size_t id_width = 6;
constexpr std::size_t latency_width = 14;
constexpr std::size_t cpu_width = 3;
constexpr std::size_t waits_width = 8;

/// For an eye, not for arithmetic: 640 ns, 64 us, 12.1 ms, 12.3 s.
void duration(Line& line, std::uint64_t ns) {
    constexpr std::uint64_t us = 1'000;
    constexpr std::uint64_t ms = 1'000'000;
    constexpr std::uint64_t s = 1'000'000'000;
    if (ns < us) {
        line.number(ns);
        line.text(" ns");
        return;
    }
    if (ns < 100 * us - us / 2) {
        line.number((ns + us / 2) / us);
        line.text(" us");
        return;
    }
    const bool long_one = ns >= 10 * s;
    const std::uint64_t unit = long_one ? s : ms;
    const std::uint64_t tenths = ns / (unit / 10) + (ns % (unit / 10) >= unit / 20 ? 1 : 0);
    line.number(tenths / 10);
    line.text(".");
    line.number(tenths % 10);
    line.text(long_one ? " s" : " ms");
}

/// ` (fifo:50)` where a higher scheduling class ran; nothing for ordinary tasks.
void class_mark(Line& line, const Part& part) {
    constexpr std::int32_t first_ordinary_prio = 100;
    if (part.prio >= first_ordinary_prio) {
        return;
    }
    line.text(" (");
    if (part.policy == Policy::deadline) {
        line.text("deadline)");
        return;
    }
    // An ordinary task below 100 borrowed its priority from a waiter of its lock.
    const bool own = part.policy == Policy::fifo || part.policy == Policy::rr;
    line.text(own ? name(part.policy) : "boosted");
    line.text(":");
    line.number(first_ordinary_prio - 1 - part.prio);
    line.text(")");
}

void task_name(Line& line, const TaskId& task) {
    line.printable(task.comm);
    line.text(" ");
    line.number(task.tid);
}

void part_words(Line& line, const Part& part) {
    const bool ran = part.kind == PartKind::ran;
    line.text(!ran                 ? name(part.kind)
              : part.kernel_thread ? std::string_view("kthread")
                                   : name(part.relation));
    line.text(" ");
    duration(line, part.ns);
    if (ran) {
        line.text(" ");
        task_name(line, part.task);
        class_mark(line, part);
    }
}

/// `contention: foreign 12.1 ms ffmpeg 4711 · self 3.0 ms web 812 · +3 more 0.2 ms`
void why_line(Line& line, const Wait& wait) {
    line.text(indent);
    line.text(name(wait.cause));
    const std::span<const Part> parts(wait.why);
    const std::size_t shown = std::min(max_parts, parts.size());
    std::string_view before = ": ";
    for (const Part& part : parts.first(shown)) {
        line.text(before);
        part_words(line, part);
        before = separator;
    }
    if (parts.size() > shown) {
        std::uint64_t rest = 0;
        for (const Part& part : parts.subspan(shown)) {
            rest += part.ns;
        }
        line.text(separator);
        line.text("+");
        line.number(parts.size() - shown);
        line.text(" more ");
        duration(line, rest);
    }
}

void waker_line(Line& line, const Waker& waker) {
    line.text(indent);
    line.text("woken by ");
    if (waker.interrupt) {
        line.text("an interrupt on CPU ");
        line.number(waker.cpu);
        line.text(waker.task.tid == 0 ? " (idle" : " (during ");
        if (waker.task.tid != 0) {
            task_name(line, waker.task);
        }
        line.text(")");
    } else {
        task_name(line, waker.task);
        line.text(" on CPU ");
        line.number(waker.cpu);
    }
    line.text("\n");
}

/// Who has the CPU that a stuck task waits for; a source that cannot tell leaves the name empty.
void running(Line& line, const Stuck& stuck) {
    if (stuck.running.tid != 0) {
        task_name(line, stuck.running);
        line.text(" has ");
    }
    line.text("CPU ");
    line.number(stuck.cpu);
    if (stuck.running.tid == 0 && !stuck.running.comm.view().empty()) {
        line.text(" is idle");
    }
}

class TextSink final : public Sink {
  public:
    explicit TextSink(const RunInfo& info) : info_(info), time_(info.realtime_offset_ns) {}
    void set_realtime_offset(std::int64_t offset_ns) override { time_.set_offset(offset_ns); }

    void begin(std::string& out) override {
        Line line(out);
        if (info_.intervals) {
            begin_intervals(line);
        } else {
            begin_waits(line);
        }
        line.finish();
    }

    void wait(std::string& out, const Wait& wait) override {
        Line line(out);
        when_and_who(line, wait.ts_ns, wait.task);
        line.number_right(wait.wait_ns / 1000, latency_width);
        wide_columns(line, wait.task.pid, wait.cpu);
        if (info_.options.previous) {
            line.text(" ");
            line.printable_left(wait.prev.comm, comm_width);
            line.text(" ");
            line.number_left(wait.prev.tid, id_width);
        }
        if (info_.options.wide && !info_.options.why) {
            remarks(line, wait);
        }
        line.text("\n");
        if (info_.options.why) {
            why_line(line, wait);
            remarks(line, wait);
            line.text("\n");
        }
        if (wait.waker) {
            waker_line(line, *wait.waker);
        }
        line.finish();
    }

    void stuck(std::string& out, const Stuck& stuck) override {
        Line line(out);
        when_and_who(line, stuck.ts_ns, stuck.task);
        std::array<char, 21> latency;
        char* const end =
            std::to_chars(latency.data(), latency.data() + 20, stuck.waiting_ns / 1000).ptr;
        *end = '+';
        line.text_right({latency.data(), static_cast<std::size_t>(end - latency.data()) + 1},
                        latency_width);
        wide_columns(line, stuck.task.pid, stuck.cpu);
        if (info_.options.previous) {
            line.text(" ");
            line.text_left("-", comm_width);
            line.text(" ");
            line.text_left("-", id_width);
        }
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
        when_and_who(line, interval.ts_ns, interval.task);
        line.number_right(interval.waits, waits_width);
        line.text(" ");
        if (interval.waits == 0) {
            line.text_right("-", latency_width);
        } else {
            line.number_right(interval.wait_ns / interval.waits / 1000, latency_width);
        }
        line.text(" ");
        line.number_right(interval.wait_ns / 1000, latency_width);
        if (info_.options.wide) {
            line.text(" ");
            line.number_right(interval.run_ns / 1000, latency_width);
            line.text(" ");
            line.number_left(interval.task.pid, id_width);
        }
        line.text("\n");
        line.finish();
    }

    void report(std::string& out, std::string& /*talk*/, const SummaryReport& report) override {
        append_report_tables(out, report, info_.options.min_us);
    }

    void end(std::string& /*out*/, std::string& talk, const Counters& counters,
             std::uint64_t duration_ns) override {
        append_closing_line(talk, counters, duration_ns, info_.intervals);
    }

  private:
    void heading_start(Line& line) const {
        line.text_left("TIME", info_.options.wide ? micros_clock_width : clock_width);
        line.text(" ");
        line.text_left("COMM", comm_width);
        line.text(" ");
        line.text_left("TID", id_width);
        line.text(" ");
    }

    void begin_waits(Line& line) const {
        line.text("Tracing run queue latency higher than ");
        line.number(info_.options.min_us);
        line.text(" us\n");
        heading_start(line);
        line.text_right("LAT(us)", latency_width);
        if (info_.options.wide) {
            line.text(" ");
            line.text_left("PID", id_width);
            line.text(" ");
            line.text_right("CPU", cpu_width);
        }
        if (info_.options.previous) {
            line.text(" ");
            line.text_left("PREV COMM", comm_width);
            line.text(" ");
            line.text_left("PREV TID", id_width);
        }
        line.text("\n");
    }

    void begin_intervals(Line& line) const {
        line.text(
            "Sampling run queue latency: means per interval, single waits are not known here\n");
        heading_start(line);
        line.text_right("WAITS", waits_width);
        line.text(" ");
        line.text_right("AVG(us)", latency_width);
        line.text(" ");
        line.text_right("TOTAL(us)", latency_width);
        if (info_.options.wide) {
            line.text(" ");
            line.text_right("RAN(us)", latency_width);
            line.text(" ");
            line.text_left("PID", id_width);
        }
        line.text("\n");
    }

    /// TIME COMM TID and the space behind it.
    void when_and_who(Line& line, std::uint64_t ts_ns, const TaskId& task) {
        const auto moment = time_.at(ts_ns);
        line.text(moment.clock);
        if (info_.options.wide) {
            line.text(".");
            line.micros(moment.micros);
        }
        line.text(" ");
        line.printable_left(task.comm, comm_width);
        line.text(" ");
        line.number_left(task.tid, id_width);
        line.text(" ");
    }

    void wide_columns(Line& line, std::uint32_t pid, std::uint32_t cpu) const {
        if (info_.options.wide) {
            line.text(" ");
            line.number_left(pid, id_width);
            line.text(" ");
            line.number_right(cpu, cpu_width);
        }
    }

    static void remarks(Line& line, const Wait& wait) {
        line.text(wait.stamped ? "" : " (unstamped)");
        line.text(wait.complete ? "" : " (incomplete)");
    }

    RunInfo info_;
    util::LocalTime time_;
};

}  // namespace

std::unique_ptr<Sink> make_text_sink(const RunInfo& info) {
    return std::make_unique<TextSink>(info);
}

}  // namespace rqs::sinks
