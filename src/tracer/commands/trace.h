// SPDX-License-Identifier: BSD-2-Clause
// The main job: events from a source to a sink until it is time to stop.
#pragma once

#include "model/options.h"
#include "util/error.h"

namespace rqs {

/// Traces as `options` say; stdout gets the data, stderr the talk. Returns the exit code: that of
/// the command where there is one. Signals INT, TERM, HUP and a closed stdout end it normally.
Result<int> run_trace(const TraceOptions& options);

}  // namespace rqs
