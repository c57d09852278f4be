// SPDX-License-Identifier: BSD-2-Clause
// Something to see on any machine: a small workload of our own, traced for a while.
#pragma once

#include "model/options.h"
#include "util/error.h"

namespace rqs {

/// Traces, for `options.duration_s` (10 s by default), while a contention workload runs on one CPU;
/// ends with the summary. Everything it started is gone when it returns.
Result<int> run_demo(Options options);

}  // namespace rqs
