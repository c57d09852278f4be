// SPDX-License-Identifier: BSD-2-Clause
// Something to see on any machine: a small workload of our own, traced for a while.
#pragma once

#include "model/options.h"
#include "util/error.h"

namespace rqs {

/// How long the demo runs where nothing else was asked for; its --help and the man page say so.
constexpr double demo_duration_s = 10;

/// Traces while a contention workload runs on one CPU, with a summary at the end and in text with
/// the reasons of each wait. Everything it started is gone when it returns.
Result<int> run_demo(TraceOptions options);

}  // namespace rqs
