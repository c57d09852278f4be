// SPDX-License-Identifier: BSD-2-Clause
// Runs a package: load, attach, show what comes, until told to stop.
#pragma once

#include <string>
#include <vector>

#include "pkg/package.h"
#include "pkg/parameters.h"
#include "util/output.h"

namespace rqs::pkg {

struct RunResult {
    std::uint64_t events = 0;
    std::uint64_t lost = 0;          ///< samples that the kernel could not hand over
    std::uint64_t short_events = 0;  ///< events smaller than their type: not shown
    bool shows_events = false;
};

/// Runs until a stop signal comes, the output's reader is gone, or what `invocation` bounds is
/// reached. Warnings about programs that were left out (`partial`) go to stderr.
Result<RunResult> run_package(const Package& package, const Invocation& invocation,
                              util::Output& output);

}  // namespace rqs::pkg
