// SPDX-License-Identifier: BSD-2-Clause
// What is measured, one experiment a function.
#pragma once

#include <string>

#include "bench/figures.h"
#include "bench/recording_figures.h"
#include "bench/tool.h"
#include "util/error.h"

namespace rqs::bench {

/// Where the programs are and how long it may take.
struct Plan {
    std::string directory;  ///< of our own programs
    std::string ours;
    std::string peer;         ///< empty: none
    std::string record_peer;  ///< a recorder's words, `{}` for its file; empty: none
    bool has_perf = false;
    bool has_trace_cmd = false;
    int cpu = 0;  ///< the ping-pongs run there
    int rounds = 7;
    int start_ups = 10;  ///< further ones, with nothing else to do
    int thread_rounds = 3;
    double window_s = 0.8;  ///< each measurement
    double loss_s = 4;
    bool with_ring = true;
    int overload_rounds = 2;
    int record_rounds = 5;
    bool all_overloads = true;  ///< false: only the fewest and the most tasks, text and JSON
    double soak_minutes = 0;    ///< 0: the normal run

    [[nodiscard]] std::string program(std::string_view name) const {
        return directory + "/" + std::string(name);
    }
};

/// Every variant in turn, round by round: hook, workloads, start-up, memory.
Result<std::vector<VariantFigures>> compare_variants(const Plan& plan);

/// hackbench, with our tool stopped for a while in the middle.
Result<LossFigures> starve_reader(const Plan& plan);

/// More than 100,000 waits a second with our tool at its defaults but for the threshold.
Result<LossFigures> run_fast(const Plan& plan);

/// Google Benchmark's figures of format_bench.
Result<std::vector<FormatFigure>> measure_formats(const Plan& plan);

/// The hook beside 10 and beside 20,000 threads.
Result<std::vector<ThreadFigures>> compare_threads(const Plan& plan);

/// Our tool and the peer beside far more tasks than there are CPUs.
Result<std::vector<OverloadFigures>> compare_overloads(const Plan& plan);

/// Recorders beside each other, reports beside each other, and made-up machines.
Result<RecordingFigures> measure_recording(const Plan& plan);

/// The part of them that reads: reports and imports of recordings of one load, and made-up
/// machines.
Status measure_reading(const Plan& plan, RecordingFigures& figures);

/// Our tool under one burst of overload after the other, for `soak_minutes` with plain text and as
/// long again with every wait as JSON.
Result<std::vector<SoakFigures>> soak(const Plan& plan);

}  // namespace rqs::bench
