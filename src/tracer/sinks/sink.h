// SPDX-License-Identifier: BSD-2-Clause
// Where events end. A sink turns events into bytes and does nothing else: it reads no clock, no
// /proc, and never writes a file descriptor itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "model/event.h"
#include "model/options.h"

namespace rqs {

struct SummaryReport;  // aggregate/summary.h

/// What a sink must know before the first event.
struct RunInfo {
    const Options& options;
    /// Adds to a CLOCK_MONOTONIC ns to get CLOCK_REALTIME ns, when the run begins.
    std::int64_t realtime_offset_ns = 0;
    bool intervals = false;  ///< the source samples: only Interval events will come
};

class Sink {
  public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;

    /// RunInfo::realtime_offset_ns has been measured anew.
    virtual void set_realtime_offset(std::int64_t offset_ns) = 0;

    /// Each appends to `out`.
    virtual void begin(std::string& /*out*/) {}
    virtual void wait(std::string& out, const Wait& wait) = 0;
    virtual void stuck(std::string& out, const Stuck& stuck) = 0;
    virtual void interval(std::string& out, const Interval& interval) = 0;
    /// --summary and --interval. Text prints tables, JSON an object on one line; CSV, whose stdout
    /// must stay one rectangle, prints the tables on stderr (`talk`).
    virtual void report(std::string& out, std::string& talk, const SummaryReport& report) = 0;
    /// The last word: on stdout for JSON; text and CSV say it on stderr (`talk`).
    virtual void end(std::string& out, std::string& talk, const Counters& counters,
                     std::uint64_t duration_ns) = 0;
};

/// One row a format. `info.options` must outlive the sink. Local time is the process's (TZ).
std::unique_ptr<Sink> make_sink(Format format, const RunInfo& info);

}  // namespace rqs
