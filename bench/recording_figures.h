// SPDX-License-Identifier: BSD-2-Clause
// What the benchmark found of recorders and of reports, and what is claimed about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/figures.h"

namespace rqs::bench {

/// There is at most one of each.
enum class Recorder {
    untraced,
    empty,
    classic,
    live,
    record,
    record_waker,
    perf,
    perf_rt,
    trace_cmd,
    trace_cmd_rt,
    peer
};

/// A recorder beside one load, a value a round.
struct RecordedLoad {
    Series ns_per_op;
    Series slowdown;                    ///< against the untraced run of the same round
    Series switches_per_s;              ///< of the machine
    Series bytes_a_switch;              ///< on disk
    std::optional<std::uint64_t> lost;  ///< over all rounds, as the recorder says
};

struct RecorderFigures {
    Recorder who = Recorder::untraced;
    std::string label;
    std::string missing;  ///< why it was not measured; empty if it was
    Series hook_ns;       ///< inside its programs, per context switch, under the ping-pong
    Series runs;          ///< of them, per context switch
    Series net_ns;        ///< hook_ns less what as many runs of the empty program took
    RecordedLoad pingpong;
    RecordedLoad hackbench;
    RecordedLoad overload;
    Series cpu_percent;  ///< of one CPU, under the overload
    Series peak_rss;     ///< bytes beside the rings, under the overload
    Series ring_bytes;
};

/// Reading a recording of one load.
struct ReportFigures {
    std::string load;
    Series ours_per_s;  ///< switches a second of CPU time
    Series perf_per_s;  ///< `perf sched latency` with its own recording of the same load
};

/// Importing what another tool recorded.
struct ImportFigures {
    std::string format;
    Series events_per_s;  ///< switches and waits that came of it, a second of CPU time
};

/// Recording and reporting switches that are made up.
struct ScaleFigures {
    std::uint32_t cpus = 0;
    std::uint64_t switches = 0;
    double reader_ns = 0;   ///< of the thread that reads the rings, a switch
    double process_ns = 0;  ///< of all threads, a switch
    double bytes = 0;       ///< a switch
    unsigned packing_threads = 0;
    Series rss;  ///< bytes, after each quarter of the run
};

struct RecordingFigures {
    std::vector<RecorderFigures> recorders;
    std::vector<ReportFigures> reports;
    std::vector<ImportFigures> imports;
    ScaleFigures many_cpus;
    ScaleFigures an_hour;
    Series report_rss;  ///< bytes of `report`: of a short recording and of one eight times as long

    [[nodiscard]] const RecorderFigures* find(Recorder who) const;
};

std::vector<Claim> judge_recording(const RecordingFigures& figures);
/// As Markdown.
std::string recording_tables(const RecordingFigures& figures);

}  // namespace rqs::bench
