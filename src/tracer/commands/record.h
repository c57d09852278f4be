// SPDX-License-Identifier: BSD-2-Clause
// `runqslower record`: a run of which everything is kept and nothing shown.
#pragma once

#include "model/options.h"
#include "util/error.h"

namespace rqs {

/// Where a recording goes that was given no name.
inline constexpr const char* default_recording = "runqslower.rec";

Result<int> run_record(TraceOptions options);

}  // namespace rqs
