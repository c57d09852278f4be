// SPDX-License-Identifier: BSD-2-Clause
// RFC 4180: one rectangle a run, lines end with CRLF. Columns: column_table.cpp.
#include <memory>

#include "sinks/column_table.h"
#include "sinks/talking_sink.h"

namespace rqs::sinks {
namespace {

class CsvSink final : public TalkingSink {
  public:
    explicit CsvSink(const SinkSetup& setup)
        : TalkingSink(setup),
          time_(setup.info.realtime_offset_ns),
          waits_(wait_columns(), setup.view),
          intervals_(interval_columns(), setup.view) {}

    void begin(std::string& out) override {
        Line line(out);
        if (setup().info.sampled) {
            intervals_.heading(line);
        } else {
            waits_.heading(line);
        }
        line.finish();
    }

    void wait(std::string& out, const Wait& wait) override {
        closing().wait(wait);
        row(out, wait, nullptr);
    }

    void stuck(std::string& out, const Stuck& stuck) override { row(out, wait_of(stuck), &stuck); }

    void interval(std::string& out, const Interval& interval) override {
        Line line(out);
        intervals_.row(line, {interval, time_.at(interval.ts_ns)});
        line.finish();
    }

    void clock(const ClockReading& reading) override {
        time_.set_offset(reading.realtime_offset_ns);
    }

  private:
    void row(std::string& out, const Wait& wait, const Stuck* stuck) {
        Line line(out);
        waits_.row(line, {wait, stuck, time_.at(wait.ts_ns)});
        line.finish();
    }

    util::LocalTime time_;
    CsvColumns<WaitRow> waits_;
    CsvColumns<IntervalRow> intervals_;
};

}  // namespace

std::unique_ptr<Sink> make_csv_sink(const SinkSetup& setup) {
    return std::make_unique<CsvSink>(setup);
}

/// The culprit is a part, and only the largest is shown.
Needs csv_needs(const ViewOptions& /*view*/) {
    return {.parts = true, .named_tasks = 1};
}

}  // namespace rqs::sinks
