// SPDX-License-Identifier: BSD-2-Clause
// The numbers of Perfetto's fields that are written here, by message. They are facts of a public
// format and never change; docs/PERFETTO.md says what is made of them.
#pragma once

#include <cstdint>

namespace rqs::perfetto {

using Tag = std::uint32_t;

namespace trace {
constexpr Tag packet = 1;
}

namespace packet {
constexpr Tag ftrace_events = 1;
constexpr Tag process_tree = 2;
constexpr Tag clock_snapshot = 6;
constexpr Tag timestamp = 8;
constexpr Tag sequence_id = 10;
constexpr Tag track_event = 11;
constexpr Tag interned_data = 12;
constexpr Tag sequence_flags = 13;
constexpr Tag system_info = 45;
constexpr Tag track_descriptor = 60;
}  // namespace packet

/// packet::sequence_flags: what was interned before is forgotten; what was interned is needed.
constexpr std::uint32_t state_cleared = 1;
constexpr std::uint32_t state_needed = 2;
/// All track events are of one sequence.
constexpr std::uint32_t the_sequence = 1;

namespace clock_snapshot {
constexpr Tag clocks = 1;
constexpr Tag primary = 2;
constexpr Tag clock_id = 1;  // of one of the clocks
constexpr Tag clock_timestamp = 2;
}  // namespace clock_snapshot

constexpr std::uint32_t clock_realtime = 1;
constexpr std::uint32_t clock_monotonic = 3;
constexpr std::uint32_t clock_boottime = 6;

namespace system_info {
constexpr Tag utsname = 1;
constexpr Tag sysname = 1;  // of utsname
constexpr Tag release = 3;
constexpr Tag machine = 4;
}  // namespace system_info

namespace process_tree {
constexpr Tag processes = 1;
constexpr Tag threads = 2;
constexpr Tag process_pid = 1;
constexpr Tag process_ppid = 2;
constexpr Tag process_cmdline = 3;
constexpr Tag thread_tid = 1;
constexpr Tag thread_name = 2;
constexpr Tag thread_tgid = 3;
}  // namespace process_tree

namespace bundle {
constexpr Tag cpu = 1;
constexpr Tag event = 2;
constexpr Tag lost_events = 3;
constexpr Tag compact_sched = 4;
}  // namespace bundle

namespace compact {
constexpr Tag switch_timestamp = 1;
constexpr Tag switch_prev_state = 2;
constexpr Tag switch_next_pid = 3;
constexpr Tag switch_next_prio = 4;
constexpr Tag intern_table = 5;
constexpr Tag switch_next_comm_index = 6;
}  // namespace compact

namespace ftrace {
constexpr Tag timestamp = 1;
constexpr Tag pid = 2;
constexpr Tag common_flags = 5;
constexpr Tag sched_waking = 20;
constexpr Tag waking_comm = 1;  // of sched_waking
constexpr Tag waking_pid = 2;
constexpr Tag waking_prio = 3;
constexpr Tag waking_target_cpu = 5;
}  // namespace ftrace

namespace track {
constexpr Tag uuid = 1;
constexpr Tag name = 2;
constexpr Tag thread = 4;
constexpr Tag thread_pid = 1;  // of thread
constexpr Tag thread_tid = 2;
}  // namespace track

namespace event {
constexpr Tag annotations = 4;
constexpr Tag type = 9;
constexpr Tag name_iid = 10;
constexpr Tag track_uuid = 11;
constexpr Tag name = 23;
constexpr Tag flow_ids = 47;
constexpr Tag terminating_flow_ids = 48;
}  // namespace event

enum class EventType : std::uint8_t { begin = 1, end = 2, instant = 3 };

namespace annotation {
constexpr Tag name_iid = 1;
constexpr Tag bool_value = 2;
constexpr Tag uint_value = 3;
constexpr Tag string_value = 6;
constexpr Tag name = 10;
constexpr Tag dict_entries = 11;
constexpr Tag string_value_iid = 17;
}  // namespace annotation

namespace interned {
constexpr Tag event_names = 2;
constexpr Tag annotation_names = 3;
constexpr Tag annotation_strings = 29;
constexpr Tag iid = 1;
constexpr Tag text = 2;  // name, or str of an annotation's string
}  // namespace interned

}  // namespace rqs::perfetto
