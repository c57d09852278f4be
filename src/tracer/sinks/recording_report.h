// SPDX-License-Identifier: BSD-2-Clause
// What is printed of a recording: one format a file, one row in recording_report.cpp each.
// docs/OUTPUT_SCHEMA.md, "Reports of recordings".
#pragma once

#include <cstddef>
#include <string>

#include "aggregate/recording_report.h"
#include "model/options.h"

namespace rqs::sinks {

/// Whether there is a report in this format: not in all that events have.
bool reports_recordings(Format format);

/// Appends the whole report; nothing in a format without one. `width`: the columns of the reader's
/// screen, for text; 0: no line is wrapped or cut. Local time is the process's (TZ).
void append_recording_report(std::string& out, Format format, const RecordingReport& report,
                             std::size_t width);

}  // namespace rqs::sinks
