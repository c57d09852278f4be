// SPDX-License-Identifier: BSD-2-Clause
// `runqslower report`: a recording through the same session and views as a live run.
#pragma once

#include "model/options.h"
#include "util/error.h"

namespace rqs {

/// Reads the recordings that `options.replay` names. Returns the exit code.
Result<int> run_report(const TraceOptions& options);

}  // namespace rqs
