// SPDX-License-Identifier: BSD-2-Clause
// The answer in a few sentences, for who reads no tables.
#pragma once

#include <string>

#include "aggregate/recording_report.h"

namespace rqs::sinks {

/// How much was waited, by whom most, why, and who had the CPU meanwhile: printable prose on one
/// line. One of many equal tasks is not named alone but with all that share its name.
std::string headline(const RecordingReport& report);

}  // namespace rqs::sinks
