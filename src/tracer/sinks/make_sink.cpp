// SPDX-License-Identifier: BSD-2-Clause
#include <array>

#include "sinks/formats.h"

namespace rqs {
namespace {

struct Row {
    Format format;
    std::unique_ptr<Sink> (*make)(const RunInfo& info);
};

constexpr std::array<Row, 3> sink_table{{
    {Format::text, sinks::make_text_sink},
    {Format::json, sinks::make_json_sink},
    {Format::csv, sinks::make_csv_sink},
}};

}  // namespace

std::unique_ptr<Sink> make_sink(Format format, const RunInfo& info) {
    for (const Row& row : sink_table) {
        if (row.format == format) {
            return row.make(info);
        }
    }
    return nullptr;
}

}  // namespace rqs
