// SPDX-License-Identifier: BSD-2-Clause
// Pieces that the JSON records are made of.
#pragma once

#include <string_view>

#include "aggregate/summary.h"
#include "sinks/line.h"

namespace rqs::sinks::json {

/// `key` is `,"name":` as it stands in the line: one copy instead of three.
template <std::size_t size>
void field(Line& line, Literal<size> key, std::uint64_t value) {
    line.text(key);
    line.number(value);
}

/// The same with the quotation mark before the value.
template <std::size_t size>
void word(Line& line, Literal<size> key, std::string_view value) {
    line.text(key);
    line.text(value);
    line.text("\"");
}

/// `,"tid":…,"pid":…,"comm":…`
inline void task(Line& line, const TaskId& task) {
    field(line, ",\"tid\":", task.tid);
    field(line, ",\"pid\":", task.pid);
    line.text(",\"comm\":");
    line.json_string(task.comm);
}

/// Everything of a report behind its time, with the closing brace.
void report_fields(Line& line, const SummaryReport& report, std::uint64_t min_us);

}  // namespace rqs::sinks::json
