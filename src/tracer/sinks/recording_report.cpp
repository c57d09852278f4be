// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/recording_report.h"

#include <algorithm>
#include <array>

namespace rqs::sinks {

// Each in the file of its name.
void append_recording_text(std::string& out, const RecordingReport& report, std::size_t width);
void append_recording_json(std::string& out, const RecordingReport& report, std::size_t width);
void append_recording_csv(std::string& out, const RecordingReport& report, std::size_t width);

namespace {

struct Row {
    Format format;
    void (*append)(std::string& out, const RecordingReport& report, std::size_t width);
};

constexpr std::array table{
    Row{Format::text, append_recording_text},
    Row{Format::json, append_recording_json},
    Row{Format::csv, append_recording_csv},
};

const Row* row_of(Format format) {
    const auto* row = std::find_if(table.begin(), table.end(),
                                   [&](const Row& each) { return each.format == format; });
    return row == table.end() ? nullptr : row;
}

}  // namespace

bool reports_recordings(Format format) {
    return row_of(format) != nullptr;
}

void append_recording_report(std::string& out, Format format, const RecordingReport& report,
                             std::size_t width) {
    if (const Row* row = row_of(format)) {
        row->append(out, report, width);
    }
}

}  // namespace rqs::sinks
