// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "aggregate/recording_report.h"

namespace rqs::sinks {

/// What idle CPUs could have run, as tables for a person; nothing where that was not looked at.
void append_idle_tables(std::string& out, const RecordingReport& report);

}  // namespace rqs::sinks
