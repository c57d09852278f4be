// SPDX-License-Identifier: BSD-2-Clause
// Where events end. A sink turns events into bytes and does nothing else: it reads no clock, no
// /proc, and never writes a file descriptor itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "model/event.h"
#include "model/options.h"
#include "session/consumer.h"

namespace rqs {

struct SummaryReport;  // aggregate/summary.h

/// What a sink must know before the first event.
struct SinkSetup {
    const ViewOptions& view;  ///< must outlive the sink
    RunInfo info;             ///< `names` too, where given
    /// Columns of the reader's screen, for tables and the lines of -W. 0: no line is wrapped or
    /// cut.
    std::size_t width = 80;
    std::uint32_t history = 0;  ///< SourceOptions::history; 0: not known
};

/// Each function appends: data to `out`, what is said to a person (stderr) to `talk`. What a format
/// has no place for does nothing.
class Sink {
  public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;

    virtual void begin(std::string& /*out*/) {}
    virtual void wait(std::string& /*out*/, const Wait& /*wait*/) {}
    virtual void stuck(std::string& /*out*/, const Stuck& /*stuck*/) {}
    virtual void interval(std::string& /*out*/, const Interval& /*interval*/) {}
    /// Warns on `talk` at most once a second of event time.
    virtual void loss(std::string& /*out*/, std::string& /*talk*/, const Loss& /*loss*/) {}
    /// --summary and --interval. Text prints tables, JSON an object on one line; CSV, whose stdout
    /// must stay one rectangle, prints the tables on `talk`.
    virtual void report(std::string& /*out*/, std::string& /*talk*/,
                        const SummaryReport& /*report*/) {}
    /// The last word: JSON has a record for it, text and CSV a line on `talk`. Warnings of all
    /// formats go to `talk`.
    virtual void end(std::string& /*out*/, std::string& /*talk*/, const RunEnd& /*end*/) {}
    /// From now on CLOCK_REALTIME is told by this reading.
    virtual void clock(const ClockReading& /*reading*/) {}
};

/// The sink of `setup.view.format`. Local time is the process's (TZ).
std::unique_ptr<Sink> make_sink(const SinkSetup& setup);

/// What that sink will want to know of waits; there may be no sink yet.
Needs sink_needs(const ViewOptions& view);

}  // namespace rqs
