// SPDX-License-Identifier: BSD-2-Clause
// Pieces that the JSON records are made of.
#pragma once

#include <cstdint>
#include <string_view>

#include "aggregate/summary.h"
#include "model/known_names.h"
#include "sinks/line.h"
#include "util/local_time.h"

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

/// RFC 3339 with microseconds, as a string.
void time(Line& line, const util::LocalTime::Moment& moment);
/// `,"policy":…,"prio":…`
void scheduling(Line& line, Policy policy, std::int16_t prio);
/// The cgroup in both hierarchies, and the paths that `names` (may be null) knows.
void cgroups(Line& line, std::uint64_t id, std::uint64_t sched_id, const KnownNames* names);
/// Whose limit it was that throttled a waiter of this cgroup, where `names` (may be null) knows.
void quota(Line& line, std::uint64_t sched_cgroup_id, const KnownNames* names);
/// Everything of a wait behind its time, without the closing brace.
void wait_fields(Line& line, const Wait& wait, const KnownNames* names, std::uint32_t named_tasks);

/// A group without the closing brace: what is summed up of it goes on.
void group(Line& line, const Group& group);

/// Everything of a report behind its time, without the closing brace.
void report_fields(Line& line, const SummaryReport& report, std::uint64_t min_us);

/// `,"name":[…]` of objects: `write` writes one up to its closing brace.
template <typename Rows, typename Write>
void list(Line& line, std::string_view head, const Rows& rows, Write&& write) {
    std::string_view comma;
    line.text(head);
    for (const auto& row : rows) {
        line.text(comma);
        write(row);
        line.text("}");
        comma = ",";
    }
    line.text("]");
}

}  // namespace rqs::sinks::json
