// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "aggregate/summary.h"
#include "sinks/sink.h"

namespace rqs::sinks {

/// A report as tables that a person reads, no wider than `setup.width` where that is not 0 and at
/// least 80.
void append_report_tables(std::string& out, const SummaryReport& report, const SinkSetup& setup);

}  // namespace rqs::sinks
