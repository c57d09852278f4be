// SPDX-License-Identifier: BSD-2-Clause
#include "import/open_foreign.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "import/byte_source.h"
#include "import/perf_data.h"
#include "import/perfetto_trace.h"
#include "import/trace_dat.h"
#include "record/frame.h"

namespace rqs::import {
namespace {

struct Row {
    bool (*recognises)(ByteView first_bytes);
    Result<std::unique_ptr<ForeignFile>> (*open)(ByteSource source);
};

bool begins_with(ByteView bytes, std::string_view mark) {
    return Cursor::view(bytes).substr(0, mark.size()) == mark;
}

constexpr std::array rows{
    Row{[](ByteView bytes) { return begins_with(bytes, perf_mark); }, PerfData::open},
    Row{[](ByteView bytes) { return begins_with(bytes, tracing_mark); }, TraceDat::open},
    // Last: it has no mark of its own.
    Row{PerfettoTrace::recognises, PerfettoTrace::open},
};

}  // namespace

Result<std::unique_ptr<ForeignFile>> open_foreign(const std::string& path) {
    constexpr std::size_t first_bytes = 16;
    auto source = ByteSource::open(path);
    if (!source) {
        return tl::unexpected(source.error());
    }
    const ByteView first = source->peek(first_bytes);
    if (first.empty()) {
        return fail(fmt::format("{} is empty", source->name()));
    }
    if (record::version_of(first)) {
        return fail(
            fmt::format("{} is a recording of runqslower already; 'runqslower report' reads it",
                        source->name()));
    }
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](const Row& one) { return one.recognises(first); });
    if (row == rows.end()) {
        return fail(
            fmt::format("{} is of no format that can be imported: perf.data, trace.dat, Perfetto",
                        source->name()));
    }
    return row->open(std::move(*source));
}

}  // namespace rqs::import
