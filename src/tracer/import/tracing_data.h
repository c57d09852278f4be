// SPDX-License-Identifier: BSD-2-Clause
// What perf.data and trace.dat both carry of the kernel that they were recorded on.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "import/cursor.h"
#include "import/event_formats.h"
#include "model/event.h"
#include "util/error.h"

namespace rqs::import {

struct TracingData {
    EventFormats formats;
    std::uint32_t page_bytes = 0;
    std::uint8_t long_bytes = 8;
    std::unordered_map<std::uint32_t, Comm> comms;  ///< by tid, as they were at the end
};

/// The mark that such data begins with, and trace.dat too.
constexpr std::string_view tracing_mark = "\x17\x08\x44tracing";

/// Everything from the mark on, in the order of version 6. Afterwards `cursor` is behind it.
Result<TracingData> read_tracing_data(Cursor& cursor);

/// Behind mark and version: byte order and sizes. An error where the machine was another kind.
Status read_machine(Cursor& cursor, TracingData& data);
/// The formats of all systems.
void read_systems(Cursor& cursor, EventFormats& formats);
/// Lines of a tid and a name.
void read_comms(std::string_view lines, std::unordered_map<std::uint32_t, Comm>& comms);

}  // namespace rqs::import
