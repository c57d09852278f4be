// SPDX-License-Identifier: BSD-2-Clause
#include "import/perfetto_bundles.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "import/protobuf.h"

namespace rqs::import {
namespace {

using Kind = SchedEvent::Kind;
using protozero::pbf_reader;

// Of FtraceEvent.
constexpr protozero::pbf_tag_type event_switch = 4;
constexpr protozero::pbf_tag_type event_wakeup = 17;
constexpr protozero::pbf_tag_type event_waking = 20;
constexpr protozero::pbf_tag_type event_wakeup_new = 114;
constexpr protozero::pbf_tag_type event_migrate = 491;

/// A column of numbers: packed varints.
class Column {
  public:
    Column() = default;
    explicit Column(std::string_view bytes)
        : data_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    [[nodiscard]] bool ended() const { return data_ == end_; }
    /// 0 where the column is shorter than its neighbours.
    std::uint64_t next() { return ended() ? 0 : protozero::decode_varint(&data_, end_); }

  private:
    const char* data_ = nullptr;
    const char* end_ = nullptr;
};

// Columns of CompactSched, by their field numbers. Those that begin with `switch_` have a row a
// switch, the others one a waking; both name tasks by a table of texts.
enum CompactColumn : protozero::pbf_tag_type {
    switch_timestamp = 1,
    switch_prev_state = 2,
    switch_next_tid = 3,
    switch_next_prio = 4,
    intern_table = 5,
    switch_next_comm = 6,
    waking_timestamp = 7,
    waking_tid = 8,
    waking_target_cpu = 9,
    waking_prio = 10,
    waking_comm = 11,
    waking_flags = 12,
    compact_columns
};

/// sched_wakeup, sched_waking and sched_migrate_task begin alike; what is behind differs.
void take_fields(SchedEvent& event, std::string_view body) {
    pbf_reader reader = reader_of(body);
    while (reader.next()) {
        switch (reader.tag()) {
            case 1:
                event.comm = Comm::from(view_of(reader));
                break;
            case 2:
                event.tid = static_cast<std::uint32_t>(number_of(reader));
                break;
            case 3:
                event.prio = static_cast<std::int16_t>(number_of(reader));
                break;
            case 5:  // target_cpu, or dest_cpu
                event.to_cpu = static_cast<std::uint32_t>(number_of(reader));
                break;
            default:
                reader.skip();
        }
    }
}

void take_switch(SchedEvent& event, std::string_view body) {
    pbf_reader reader = reader_of(body);
    while (reader.next()) {
        switch (reader.tag()) {
            case 1:
                event.comm = Comm::from(view_of(reader));
                break;
            case 2:
                event.tid = static_cast<std::uint32_t>(number_of(reader));
                break;
            case 3:
                event.prio = static_cast<std::int16_t>(number_of(reader));
                break;
            case 4:
                event.state = number_of(reader);
                break;
            case 5:
                event.next_comm = Comm::from(view_of(reader));
                break;
            case 6:
                event.next_tid = static_cast<std::uint32_t>(number_of(reader));
                break;
            case 7:
                event.next_prio = static_cast<std::int16_t>(number_of(reader));
                break;
            default:
                reader.skip();
        }
    }
}

Kind kind_of(protozero::pbf_tag_type tag) {
    switch (tag) {
        case event_switch:
            return Kind::switched;
        case event_wakeup:
            return Kind::woken;
        case event_waking:
            return Kind::waking;
        case event_wakeup_new:
            return Kind::made;
        case event_migrate:
            return Kind::migrated;
        default:
            return Kind::none;
    }
}

}  // namespace

struct PerfettoBundles::Compact {
    explicit Compact(std::string_view bytes) {
        pbf_reader reader = reader_of(bytes);
        while (reader.next()) {
            const protozero::pbf_tag_type tag = reader.tag();  // it has none once it was read
            if (tag == intern_table) {
                texts.push_back(view_of(reader));
            } else if (tag < compact_columns) {
                columns.at(tag) = Column(view_of(reader));
            } else {
                reader.skip();
            }
        }
    }
    std::uint64_t next(CompactColumn column) { return columns.at(column).next(); }
    Comm next_comm(CompactColumn column) {
        const std::uint64_t index = next(column);
        return index < texts.size() ? Comm::from(texts[index]) : Comm{};
    }

    std::array<Column, compact_columns> columns;
    std::vector<std::string_view> texts;
};

void PerfettoBundles::take(std::string_view bundle, EventTaker& taker) {
    begun_ = true;
    std::uint32_t cpu = 0;
    bool lost = false;
    pbf_reader head = reader_of(bundle);
    while (head.next()) {
        if (head.tag() == 1) {
            cpu = static_cast<std::uint32_t>(number_of(head));
        } else if (head.tag() == 3) {
            lost = number_of(head) != 0;
        } else {
            head.skip();
        }
    }
    if (cpu >= most_cpus) {
        return;
    }
    if (lost) {
        running_.erase(cpu);
    }
    pbf_reader reader = reader_of(bundle);
    while (reader.next()) {
        if (reader.tag() == 2) {
            take_event(view_of(reader), cpu, taker);
        } else if (reader.tag() == 4) {
            Compact compact(view_of(reader));
            if (std::exchange(lost, false)) {
                take_lost(compact, cpu, taker);
            }
            take_wakings(compact, cpu, taker);  // of one moment they come first
            take_switches(compact, cpu, taker);
        } else {
            reader.skip();
        }
    }
}

/// Events are missing before the first of these.
void PerfettoBundles::take_lost(const Compact& compact, std::uint32_t cpu, EventTaker& taker) {
    std::uint64_t first_ns = UINT64_MAX;
    for (Column when :
         {compact.columns.at(switch_timestamp), compact.columns.at(waking_timestamp)}) {
        first_ns = when.ended() ? first_ns : std::min(first_ns, when.next());
    }
    if (first_ns != UINT64_MAX) {
        SchedEvent event;
        event.kind = Kind::lost;
        event.cpu = cpu;
        event.ts_ns = first_ns;
        event.lost = 1;  // how many is not told
        order_.add(event, taker);
    }
}

void PerfettoBundles::take_switches(Compact& compact, std::uint32_t cpu, EventTaker& taker) {
    std::uint64_t ts_ns = 0;
    while (!compact.columns.at(switch_timestamp).ended()) {
        ts_ns += compact.next(switch_timestamp);
        SchedEvent event;
        event.kind = Kind::switched;
        event.cpu = cpu;
        event.ts_ns = ts_ns;
        event.state = compact.next(switch_prev_state);
        event.next_tid = static_cast<std::uint32_t>(compact.next(switch_next_tid));
        event.next_prio = static_cast<std::int16_t>(compact.next(switch_next_prio));
        event.next_comm = compact.next_comm(switch_next_comm);
        const auto before = running_.find(cpu);
        // Of the first one of a CPU it is not told who left.
        if (before != running_.end()) {
            event.tid = event.by_tid = before->second.tid;
            event.prio = before->second.prio;
            event.comm = before->second.comm;
            order_.add(event, taker);
        }
        running_[cpu] = {event.next_tid, event.next_prio, event.next_comm};
    }
}

void PerfettoBundles::take_wakings(Compact& compact, std::uint32_t cpu, EventTaker& taker) {
    std::uint64_t ts_ns = 0;
    while (!compact.columns.at(waking_timestamp).ended()) {
        ts_ns += compact.next(waking_timestamp);
        SchedEvent event;
        event.kind = Kind::waking;
        event.cpu = cpu;
        event.ts_ns = ts_ns;
        event.tid = static_cast<std::uint32_t>(compact.next(waking_tid));
        event.to_cpu = static_cast<std::uint32_t>(compact.next(waking_target_cpu));
        event.prio = static_cast<std::int16_t>(compact.next(waking_prio));
        event.comm = compact.next_comm(waking_comm);
        event.flags = static_cast<std::uint8_t>(compact.next(waking_flags));
        event.by_known = false;
        order_.add(event, taker);
    }
}

void PerfettoBundles::take_event(std::string_view event, std::uint32_t cpu, EventTaker& taker) {
    SchedEvent made;
    made.cpu = cpu;
    pbf_reader reader = reader_of(event);
    while (reader.next()) {
        const Kind kind = kind_of(reader.tag());
        if (reader.tag() == 1) {
            made.ts_ns = number_of(reader);
        } else if (reader.tag() == 2) {
            made.by_tid = static_cast<std::uint32_t>(number_of(reader));
        } else if (reader.tag() == 5) {
            made.flags = static_cast<std::uint8_t>(number_of(reader));
        } else if (kind != Kind::none) {
            made.kind = kind;
            const std::string_view body = view_of(reader);
            if (kind == Kind::switched) {
                take_switch(made, body);
            } else {
                take_fields(made, body);
            }
        } else {
            reader.skip();
        }
    }
    // So a trace is written whose maker does not know the waker, for Perfetto would show one.
    made.by_known = made.by_tid != 0 || made.flags != SchedEvent::in_soft_interrupt;
    if (made.kind != Kind::none) {
        if (made.kind == Kind::switched) {
            running_[cpu] = {made.next_tid, made.next_prio, made.next_comm};
        }
        order_.add(made, taker);
    }
}

}  // namespace rqs::import
