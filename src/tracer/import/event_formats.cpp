// SPDX-License-Identifier: BSD-2-Clause
#include "import/event_formats.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace rqs::import {
namespace {

using Kind = SchedEvent::Kind;

/// Which fields of a tracepoint are read, in the order of EventFormats::Name; empty: it has none.
struct Row {
    std::string_view name;
    Kind kind;
    std::array<std::string_view, EventFormats::names> fields;
};

constexpr std::array rows{
    Row{"sched_switch",
        Kind::switched,
        {"prev_comm",
         "prev_pid",
         "prev_prio",
         "prev_state",
         "next_comm",
         "next_pid",
         "next_prio",
         {}}},
    Row{"sched_waking", Kind::waking, {"comm", "pid", "prio", {}, {}, {}, {}, "target_cpu"}},
    Row{"sched_wakeup", Kind::woken, {"comm", "pid", "prio", {}, {}, {}, {}, "target_cpu"}},
    Row{"sched_wakeup_new", Kind::made, {"comm", "pid", "prio", {}, {}, {}, {}, "target_cpu"}},
    Row{"sched_migrate_task", Kind::migrated, {"comm", "pid", "prio", {}, {}, {}, {}, "dest_cpu"}},
    // Its parent stands where a switch has who came.
    Row{"sched_process_fork",
        Kind::forked,
        {"child_comm", "child_pid", {}, {}, "parent_comm", "parent_pid", {}, {}}},
    Row{"sched_process_exit", Kind::exited, {"comm", "pid", "prio", {}, {}, {}, {}, {}}},
};

// What every event begins with, on every kernel: common_type, common_flags, common_preempt_count,
// common_pid.
constexpr std::size_t common_bytes = 8;
constexpr std::size_t flags_at = 2;
constexpr std::size_t running_at = 4;

/// What stands between `key` and the next ';' or end of line.
std::string_view value_of(std::string_view line, std::string_view key) {
    const std::size_t at = line.find(key);
    if (at == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = line.substr(at + key.size());
    return rest.substr(0, rest.find_first_of(";\n"));
}

std::optional<std::uint32_t> number_of(std::string_view line, std::string_view key) {
    std::string_view word = value_of(line, key);
    word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
    std::uint32_t number = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
    return read.ec == std::errc{} ? std::optional(number) : std::nullopt;
}

/// The last word of a declaration such as `char prev_comm[16]`, without brackets.
std::string_view declared(std::string_view declaration) {
    if (!declaration.empty() && declaration.back() == ']') {
        declaration = declaration.substr(0, declaration.rfind('['));
    }
    const std::size_t space = declaration.find_last_of(" *");
    return space == std::string_view::npos ? declaration : declaration.substr(space + 1);
}

bool holds(ByteView raw, std::size_t offset, std::size_t bytes) {
    return offset <= raw.size() && bytes <= raw.size() - offset;
}

/// Of 1, 2, 4 or 8 bytes, whose highest bit is a sign: of them only priorities have one.
std::int64_t number_at(ByteView raw, std::size_t offset, std::size_t bytes) {
    std::uint64_t value = 0;
    if (bytes == 0 || bytes > sizeof(value) || !holds(raw, offset, bytes)) {
        return 0;
    }
    std::memcpy(&value, raw.data() + offset, bytes);
    const auto shift = static_cast<unsigned>(64 - 8 * bytes);
    return static_cast<std::int64_t>(value << shift) >> shift;
}

}  // namespace

EventFormats::Field EventFormats::field_in(std::string_view line) {
    constexpr std::uint32_t most_bytes = 4096;
    const auto offset = number_of(line, "offset:");
    const auto bytes = number_of(line, "size:");
    if (!offset || !bytes || *offset > most_bytes || *bytes > most_bytes) {
        return {};
    }
    return {*offset, *bytes, line.find("__data_loc") != std::string_view::npos};
}

void EventFormats::add(std::string_view format) {
    constexpr std::uint32_t most_events = 1 << 16;  // common_type has 16 bits
    std::string_view name = value_of(format, "name:");
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    const auto number = number_of(format, "ID:");
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const Row& one) { return one.name == name; });
    if (row == rows.end() || !number || *number >= most_events) {
        return;
    }
    Layout layout;
    layout.kind = row->kind;
    each_line(format, [&](std::string_view line) {
        const std::string_view field = declared(value_of(line, "field:"));
        const auto wanted = std::find(row->fields.begin(), row->fields.end(), field);
        if (!field.empty() && wanted != row->fields.end()) {
            layout.fields.at(static_cast<std::size_t>(wanted - row->fields.begin())) =
                field_in(line);
        }
        return true;
    });
    if (*number >= layouts_.size()) {
        layouts_.resize(std::size_t{*number} + 1);
    }
    layouts_[*number] = layout;
    has_switches_ = has_switches_ || row->kind == Kind::switched;
}

const EventFormats::Layout* EventFormats::layout_of(ByteView raw) const {
    if (raw.size() < common_bytes) {
        return nullptr;
    }
    std::uint16_t number = 0;
    std::memcpy(&number, raw.data(), sizeof(number));
    const bool known = number < layouts_.size() && layouts_[number].kind != Kind::none;
    return known ? &layouts_[number] : nullptr;
}

SchedEvent EventFormats::read(ByteView raw) const {
    SchedEvent event;
    const Layout* layout = layout_of(raw);
    if (layout == nullptr) {
        return event;
    }
    const auto number = [&](Name name) {
        const Field& field = layout->fields[static_cast<std::size_t>(name)];
        return number_at(raw, field.offset, field.bytes);
    };
    const auto comm = [&](Name name) {
        const Field& field = layout->fields[static_cast<std::size_t>(name)];
        std::size_t offset = field.offset;
        std::size_t bytes = field.bytes;
        if (field.elsewhere) {
            const auto place = static_cast<std::uint32_t>(number_at(raw, offset, bytes));
            offset = place & 0xffff;
            bytes = place >> 16;
        }
        return holds(raw, offset, bytes)
                   ? Comm::from(
                         {reinterpret_cast<const char*>(raw.data() + offset),
                          ::strnlen(reinterpret_cast<const char*>(raw.data() + offset), bytes)})
                   : Comm{};
    };
    event.kind = layout->kind;
    event.flags = raw[flags_at];
    event.by_tid = static_cast<std::uint32_t>(number_at(raw, running_at, 4));
    event.tid = static_cast<std::uint32_t>(number(Name::tid));
    event.comm = comm(Name::comm);
    event.prio = static_cast<std::int16_t>(number(Name::prio));
    if (event.kind == Kind::switched) {
        event.state = static_cast<std::uint64_t>(number(Name::state));
        event.next_tid = static_cast<std::uint32_t>(number(Name::next_tid));
        event.next_comm = comm(Name::next_comm);
        event.next_prio = static_cast<std::int16_t>(number(Name::next_prio));
    } else if (event.kind == Kind::forked) {
        event.by_tid = static_cast<std::uint32_t>(number(Name::next_tid));
        event.next_comm = comm(Name::next_comm);
    } else {
        event.to_cpu = static_cast<std::uint32_t>(number(Name::cpu));
    }
    return event;
}

}  // namespace rqs::import
