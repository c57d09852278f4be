// SPDX-License-Identifier: BSD-2-Clause
// `runqslower import`: what another tool recorded becomes a recording of ours.
#pragma once

#include "model/options.h"
#include "util/error.h"

namespace rqs {

/// Reads the one file that `options.replay` names. Returns the exit code.
Result<int> run_import(const TraceOptions& options);

}  // namespace rqs
