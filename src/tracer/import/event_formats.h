// SPDX-License-Identifier: BSD-2-Clause
// Tracepoints in the kernel's binary form, by the formats that a recording carries.
//
// libtraceevent was looked at: it also parses how events are printed, a C grammar of which nothing
// is needed here, in text that comes from a stranger's file. Where fields lie is one line each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "import/cursor.h"
#include "import/sched_event.h"

namespace rqs::import {

class EventFormats {
  public:
    /// `format` is the text of /sys/kernel/tracing/events/sched/sched_switch/format. Events that
    /// tell nothing of waits are skipped, and so is what cannot be understood.
    void add(std::string_view format);

    /// Without time and CPU, which are not in a raw event. Kind::none where it is none of those.
    [[nodiscard]] SchedEvent read(ByteView raw) const;

    /// Whether switches can be read at all.
    [[nodiscard]] bool has_switches() const { return has_switches_; }

    /// What is read of an event.
    enum class Name : std::uint8_t { comm, tid, prio, state, next_comm, next_tid, next_prio, cpu };
    static constexpr std::size_t names = 8;

  private:
    struct Field {
        std::uint32_t offset = 0;
        std::uint32_t bytes = 0;
        bool elsewhere = false;  // there stands where it lies
    };
    struct Layout {
        SchedEvent::Kind kind = SchedEvent::Kind::none;
        std::array<Field, names> fields{};
    };

    static Field field_in(std::string_view line);
    [[nodiscard]] const Layout* layout_of(ByteView raw) const;

    std::vector<Layout> layouts_;  // by the event's number
    bool has_switches_ = false;
};

}  // namespace rqs::import
