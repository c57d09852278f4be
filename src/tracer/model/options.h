// SPDX-License-Identifier: BSD-2-Clause
// What the user asked for, checked as far as words alone can be checked. Each part of the program
// takes the one struct that concerns it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "util/priority.h"

namespace rqs {

enum class SourceKind { automatic, bpf, schedstat, synthetic };
enum class Format { text, json, csv };
enum class GroupBy { process, thread, comm, cgroup, parent, cpu };

struct Filters {
    std::vector<std::uint32_t> pids;  ///< any of them
    std::vector<std::uint32_t> tids;  ///< any of them; and with pids both must hold
    std::string comm_prefix;          ///< at most 15 bytes; empty is off
    std::string cgroup_path;
    std::string cgroup_map;
    std::string mntns_map;
    std::vector<std::uint32_t> cpus;  ///< empty is all

    bool operator==(const Filters&) const = default;
};

/// Switches remembered per CPU.
constexpr std::uint32_t default_history = 1024;

/// Which waits are wanted and how they are measured.
struct SourceOptions {
    SourceKind kind = SourceKind::automatic;
    std::uint64_t min_us = 10000;
    Filters filters;
    bool stuck = false;
    bool waker = false;
    bool self = false;     ///< the tool's own waits, and those that its output causes, too
    bool parents = false;  ///< who the parent process is (--by parent)
    bool lives = false;    ///< forks, exits and affinities too (recordings)
    bool runs = true;      ///< all that ran is told, not only the run before each wait
    bool filter_in_user_space = false;  ///< the same filters, but not in the kernel: for tests
    bool verbose = false;
    std::optional<double> interval_s;           ///< how often to sample
    std::uint32_t history = default_history;    ///< switches remembered per CPU, a power of two
    std::optional<std::uint64_t> buffer_bytes;  ///< --buffer: ring bytes per CPU, a power of two
};

/// How waits are shown.
struct ViewOptions {
    Format format = Format::text;
    bool previous = false;  ///< -P
    bool wide = false;      ///< -w
    bool why = false;       ///< -W: a line under each wait in text
    /// --why=N: tasks named in a ledger; UINT32_MAX names all. Nothing: the format's default.
    std::optional<std::uint32_t> named_tasks;
    bool waker = false;
    bool quiet = false;    ///< -q: no events, only summary and report
    bool summary = false;  ///< -s
    GroupBy by = GroupBy::process;
    std::optional<double> interval_s;  ///< --interval: a report so often
    std::string output_path;           ///< -o FILE; empty: standard output
    bool to_stdout = false;            ///< -o -: though something else is usual
};

/// For how long, and what runs meanwhile.
struct RunOptions {
    std::optional<double> duration_s;    ///< -d
    std::optional<std::uint64_t> count;  ///< -n
    std::vector<std::string> command;    ///< after --
    bool strict = false;                 ///< a run that lost something exits with 3
    util::Priority priority;             ///< of the thread that reads the rings
};

/// What a flight recorder may take where nothing else is said.
constexpr std::uint64_t default_flight_bytes = std::uint64_t{64} << 20;

/// What is recorded, and where to.
struct RecordOptions {
    std::string path;                        ///< `-` is standard output; empty: nothing is recorded
    bool alone = false;                      ///< nothing is shown beside it (`record`)
    std::optional<std::uint64_t> max_bytes;  ///< --max-size, of each file
    std::uint32_t files = 1;                 ///< --rotate: so many are kept
    std::optional<double> flight_s;          ///< --flight: the last seconds, in memory
    std::optional<std::uint64_t> flight_bytes;  ///< --flight-size
    std::optional<std::uint64_t> trigger_us;    ///< --trigger-us
    std::vector<std::string> trigger_pressure;  ///< --trigger-psi, as written
};

/// A recording that is looked at.
struct ReplayOptions {
    std::vector<std::string> files;   ///< `-` is standard input
    std::optional<std::string> from;  ///< --from, as written
    std::optional<std::string> to;
    bool events = false;        ///< --events: waits as the live tool prints them
    std::string sqlite_path;    ///< --sqlite
    std::string perfetto_path;  ///< --perfetto
    std::string html_path;      ///< --html
};

struct TraceOptions {
    SourceOptions source;
    ViewOptions view;
    RunOptions run;
    RecordOptions record;
    ReplayOptions replay;
};

}  // namespace rqs
