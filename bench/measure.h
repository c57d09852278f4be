// SPDX-License-Identifier: BSD-2-Clause
// What several experiments do alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/experiments.h"
#include "bench/process.h"

namespace rqs::bench {

using Words = std::vector<std::string>;

/// One line on stderr about what is measured now.
void progress(std::string_view text);

double milliseconds(Clock::duration time);

/// rqs_load's words for a load of one window; those that take a CPU get the plan's.
Words load_words(const Plan& plan, std::string_view load);

/// Sets a load up, runs it once and tells the nanoseconds an operation.
Result<double> measure_load(const Plan& plan, const Words& words);

struct Hook {
    double ns_per_switch = 0;
    double runs_per_switch = 0;
};

/// What the programs of `pid` cost while `load`, set up already, runs once.
Result<Hook> measure_hook(pid_t pid, Load& load);
/// The same with a load of its own.
Result<Hook> measure_hook(pid_t pid, const Plan& plan, const Words& words);

/// A tool's time in its programs, round by round, less what as many runs of the empty program took.
Series net_of(const Series& hook_ns, const Series& runs, const Series& empty_hook_ns,
              const Series& empty_runs);

/// Adds where something was counted.
void add_counter(std::optional<std::uint64_t>& sum, const std::optional<std::uint64_t>& more);

struct Output {
    std::string text;            ///< what it wrote to stdout
    std::uint64_t cpu_ns = 0;    ///< user and system time, its children's too
    std::uint64_t peak_rss = 0;  ///< bytes
    bool succeeded = false;
};

/// Runs a program to its end. Fails if it cannot be started.
Result<Output> output_of(const Words& argv);

}  // namespace rqs::bench
