// SPDX-License-Identifier: BSD-2-Clause
// What the table in make_sink.cpp chooses from.
#pragma once

#include <memory>
#include <string>

#include "sinks/sink.h"

namespace rqs::sinks {

std::unique_ptr<Sink> make_text_sink(const RunInfo& info);
std::unique_ptr<Sink> make_json_sink(const RunInfo& info);
std::unique_ptr<Sink> make_csv_sink(const RunInfo& info);

/// A report as tables that a person reads. `min_us` is the threshold that its waits passed.
void append_report_tables(std::string& out, const SummaryReport& report, std::uint64_t min_us);

/// The closing line that text and CSV say on stderr.
void append_closing_line(std::string& talk, const Counters& counters, std::uint64_t duration_ns,
                         bool intervals);

}  // namespace rqs::sinks
