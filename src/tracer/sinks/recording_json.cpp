// SPDX-License-Identifier: BSD-2-Clause
// A report of a recording as one object: that of a live report, and what only a recording knows.
#include <string>
#include <string_view>
#include <vector>

#include "aggregate/idle_report.h"
#include "aggregate/recording_report.h"
#include "model/names.h"
#include "sinks/headline.h"
#include "sinks/json_fields.h"
#include "util/local_time.h"

namespace rqs::sinks {

// Declared where its table is (recording_report.cpp).
void append_recording_json(std::string& out, const RecordingReport& report, std::size_t width);

namespace {

using json::field;
using json::word;

class RecordingJson {
  public:
    RecordingJson(std::string& out, const RecordingReport& report)
        : line_(out), report_(report), time_(report.realtime_offset_ns) {}

    void head();
    void runs();
    void losses();
    void histogram();
    void avoidable();
    void worst();
    void damage();
    void close();

  private:
    /// `key` is `,"name":`
    void text(std::string_view key, std::string_view raw) {
        line_.text(key);
        line_.json_string(raw);
    }
    void time(std::string_view key, std::uint64_t ts_ns) {
        line_.text(key);
        json::time(line_, time_.at(ts_ns));
    }
    void strings(std::string_view key, const std::vector<std::string>& raw);
    void about(const RecordingInfo& info);

    Line line_;
    const RecordingReport& report_;
    util::LocalTime time_;
};

void RecordingJson::strings(std::string_view key, const std::vector<std::string>& raw) {
    std::string_view comma;
    line_.text(key);
    line_.text("[");
    for (const std::string& each : raw) {
        line_.text(comma);
        line_.json_string(each);
        comma = ",";
    }
    line_.text("]");
}

void RecordingJson::head() {
    field(line_, R"({"type":"report","ts_ns":)", report_.summary.ts_ns);
    time(",\"time\":", report_.summary.ts_ns);
    text(",\"headline\":", headline(report_));
    field(line_, ",\"from_ns\":", report_.from_ns);
    time(",\"from_time\":", report_.from_ns);
    field(line_, ",\"to_ns\":", report_.to_ns);
    time(",\"to_time\":", report_.to_ns);
    field(line_, ",\"switches\":", report_.switches);
    json::report_fields(line_, report_.summary, report_.min_us);
}

void RecordingJson::about(const RecordingInfo& info) {
    text("\"host\":", info.host);
    text(",\"kernel\":", info.kernel);
    text(",\"machine\":", info.machine);
    text(",\"tool\":", info.tool);
    strings(",\"command_line\":", info.command_line);
    if (!info.imported_from.empty()) {
        text(",\"imported_from\":", info.imported_from);
    }
    field(line_, ",\"cpus\":", info.topology.empty() ? info.cpus : info.topology.size());
}

/// What the first run says of itself stands in the report too: there is mostly one.
void RecordingJson::runs() {
    if (report_.info.empty()) {
        line_.text(R"(,"host":null,"kernel":null,"machine":null,"tool":null)"
                   R"(,"command_line":null,"cpus":null)");
    } else {
        line_.text(",");
        about(report_.info.front());
    }
    json::list(line_, ",\"runs\":[", report_.info, [&](const RecordingInfo& info) {
        line_.text("{");
        about(info);
        field(line_, ",\"began_ns\":", info.began_ns);
        field(line_, ",\"min_us\":", info.min_us);
    });
}

void RecordingJson::losses() {
    field(line_, R"(,"lost_by_reason":{"ring":)", report_.lost(LossReason::ring));
    field(line_, ",\"damage\":", report_.lost(LossReason::damage));
    json::list(line_, "},\"losses\":[", report_.losses, [&](const Loss& loss) {
        if (loss.cpu == Loss::any_cpu) {
            line_.text("{\"cpu\":null");
        } else {
            field(line_, "{\"cpu\":", loss.cpu);
        }
        field(line_, ",\"from_ns\":", loss.from_ns);
        time(",\"from_time\":", loss.from_ns);
        field(line_, ",\"to_ns\":", loss.to_ns);
        field(line_, ",\"lost\":", loss.lost);
        word(line_, R"(,"reason":")", name(loss.reason));
    });
}

void RecordingJson::histogram() {
    std::string_view comma;
    const auto [first, end] = report_.lengths.used();
    line_.text(",\"histogram\":[");
    for (std::size_t i = first; i < end; ++i) {
        line_.text(comma);
        field(line_, "{\"from_ns\":", WaitLengths::from_ns(i));
        field(line_, ",\"to_ns\":", WaitLengths::to_ns(i));
        field(line_, ",\"waits\":", report_.lengths.count(i));
        line_.text("}");
        comma = ",";
    }
    line_.text("]");
}

/// The place of RecordingReport::idle.
void RecordingJson::avoidable() {
    if (!report_.idle) {
        line_.text(",\"avoidable\":null");
        return;
    }
    const IdleReport& idle = *report_.idle;
    field(line_, R"(,"avoidable":{"ns":)", idle.avoidable_ns);
    field(line_, ",\"waits\":", idle.avoidable_waits);
    field(line_, ",\"undecided_waits\":", idle.undecided_waits);
    field(line_, ",\"unknown_affinity_waits\":", idle.unknown_affinity_waits);
    field(line_, ",\"throttled_waits\":", idle.throttled_waits);
    field(line_, ",\"idle_while_others_queued_ns\":", idle.idle_while_others_queued_ns);
    json::list(line_, ",\"victims\":[", idle.victims, [&](const IdleVictims::Row& row) {
        json::group(line_, row.who);
        field(line_, ",\"waits\":", row.waits);
        field(line_, ",\"ns\":", row.ns);
        if (row.idle_cpu) {
            field(line_, ",\"idle_cpu\":", *row.idle_cpu);
        }
    });
    json::list(line_, ",\"cpus\":[", idle.cpus, [&](const IdleReport::Cpu& cpu) {
        field(line_, "{\"cpu\":", cpu.cpu);
        field(line_, ",\"busy_ns\":", cpu.busy_ns);
        field(line_, ",\"idle_ns\":", cpu.idle_ns);
        field(line_, ",\"idle_while_others_queued_ns\":", cpu.idle_while_others_queued_ns);
        field(line_, ",\"waits\":", cpu.waits);
        field(line_, ",\"wait_ns\":", cpu.wait_ns);
    });
    line_.text("}");
}

void RecordingJson::worst() {
    json::list(line_, ",\"worst\":[", report_.worst, [&](const WorstWait& worst) {
        time_.set_offset(worst.realtime_offset_ns);
        field(line_, R"({"type":"wait","ts_ns":)", worst.wait.ts_ns);
        time(",\"time\":", worst.wait.ts_ns);
        json::wait_fields(line_, worst.wait, &report_.worst_names, report_.worst_named_tasks);
    });
    time_.set_offset(report_.realtime_offset_ns);
}

void RecordingJson::damage() {
    strings(",\"damage\":", report_.damage);
}

void RecordingJson::close() {
    line_.text("}\n");
    line_.finish();
}

}  // namespace

void append_recording_json(std::string& out, const RecordingReport& report, std::size_t /*width*/) {
    RecordingJson object(out, report);
    object.head();
    object.runs();
    object.losses();
    object.histogram();
    object.avoidable();
    object.worst();
    object.damage();
    object.close();
}

}  // namespace rqs::sinks
