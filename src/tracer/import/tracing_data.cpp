// SPDX-License-Identifier: BSD-2-Clause
#include "import/tracing_data.h"

#include <algorithm>
#include <charconv>

namespace rqs::import {
namespace {

constexpr std::size_t most_comms = 1U << 20;

void skip_named(Cursor& cursor) {
    (void)cursor.text();
    (void)cursor.bytes(cursor.u64());
}

/// Formats of the tracer itself, of which none is needed.
void skip_own_events(Cursor& cursor) {
    const std::uint32_t count = cursor.u32();
    for (std::uint32_t i = 0; i < count && !cursor.failed(); ++i) {
        (void)cursor.bytes(cursor.u64());
    }
}

}  // namespace

Status read_machine(Cursor& cursor, TracingData& data) {
    const bool big_endian = cursor.u8() != 0;
    data.long_bytes = cursor.u8();
    data.page_bytes = cursor.u32();
    if (cursor.failed() || big_endian || (data.long_bytes != 4 && data.long_bytes != 8)) {
        return fail("it was recorded on a big-endian machine, or is damaged at its start");
    }
    return {};
}

void read_systems(Cursor& cursor, EventFormats& formats) {
    const std::uint32_t systems = cursor.u32();
    for (std::uint32_t i = 0; i < systems && !cursor.failed(); ++i) {
        const bool wanted = cursor.text() == "sched";
        const std::uint32_t events = cursor.u32();
        for (std::uint32_t j = 0; j < events && !cursor.failed(); ++j) {
            const std::string_view format = cursor.text(cursor.u64());
            if (wanted) {
                formats.add(format);
            }
        }
    }
}

void read_comms(std::string_view lines, std::unordered_map<std::uint32_t, Comm>& comms) {
    each_line(lines, [&](std::string_view line) {
        std::uint32_t tid = 0;
        const char* const last = line.data() + line.size();
        const auto read = std::from_chars(line.data(), last, tid);
        if (read.ec == std::errc{} && read.ptr != last && *read.ptr == ' ') {
            comms[tid] =
                Comm::from(line.substr(static_cast<std::size_t>(read.ptr - line.data()) + 1));
        }
        return comms.size() < most_comms;
    });
}

Result<TracingData> read_tracing_data(Cursor& cursor) {
    TracingData data;
    if (cursor.text(tracing_mark.size()) != tracing_mark) {
        return fail("what it says of tracepoints cannot be read");
    }
    const std::string_view version = cursor.text();
    if (auto machine = read_machine(cursor, data); !machine) {
        return tl::unexpected(machine.error());
    }
    skip_named(cursor);  // header_page
    skip_named(cursor);  // header_event
    skip_own_events(cursor);
    read_systems(cursor, data.formats);
    (void)cursor.bytes(cursor.u32());  // symbols of the kernel
    (void)cursor.bytes(cursor.u32());  // formats of trace_printk
    if (version != "0.5") {
        read_comms(cursor.text(cursor.u64()), data.comms);
    }
    if (cursor.failed()) {
        return fail("what it says of tracepoints is cut");
    }
    return data;
}

}  // namespace rqs::import
