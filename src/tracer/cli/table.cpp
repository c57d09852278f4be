// SPDX-License-Identifier: BSD-2-Clause
#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "sinks/formats.h"
#include "util/priority.h"
#include "util/safe_text.h"
#include "util/text.h"
#include "util/values.h"

namespace rqs::cli {
namespace {

/// The kernel's TASK_COMM_LEN, less the closing NUL.
constexpr std::size_t longest_comm = 15;
constexpr std::uint64_t max_id = std::numeric_limits<std::int32_t>::max();
constexpr util::Range history_range{2, 8192};
constexpr util::Range file_size_range{std::uint64_t{1} << 20, std::uint64_t{1} << 50};
constexpr std::uint64_t most_files = 1000;
constexpr util::Range flight_size_range{std::uint64_t{1} << 20, std::uint64_t{1} << 40};
constexpr std::uint64_t most_us = UINT64_MAX / 1000;
constexpr util::Range buffer_range{std::uint64_t{1} << 12, std::uint64_t{1} << 29};

/// Stores what `parsed` holds, or passes its error on.
template <typename T, typename Target>
Status store(const Result<T>& parsed, Target& target) {
    if (!parsed) {
        return tl::unexpected(parsed.error());
    }
    target = static_cast<Target>(*parsed);
    return {};
}

/// bcc's tool takes the id 0 as "no filter", libbpf-tools refuses it. No task that can be waited
/// for has it, so a script written for the former keeps its meaning, and is told.
Status add_id(Invocation& out, std::string_view what, const std::string& value,
              std::vector<std::uint32_t>& ids) {
    std::uint32_t id = 0;
    if (auto status = store(util::parse_number(value, what, {0, max_id}), id); !status) {
        return status;
    }
    if (id == 0) {
        out.warnings.push_back(fmt::format("{} 0 means every one: no filter is set by it", what));
    }
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) {
        ids.push_back(id);
    }
    return {};
}

/// A file's name: there is one.
Status set_path(std::string_view what, const std::string& value, std::string& path) {
    if (value.empty()) {
        return usage_error(fmt::format("{}: an empty word is not a path", what));
    }
    path = value;
    return {};
}

/// One word of a few.
template <typename T, std::size_t N>
Status choose(std::string_view what, const std::string& value,
              const std::array<std::pair<std::string_view, T>, N>& words, T& target) {
    std::string offered;
    for (const auto& [word, meaning] : words) {
        if (word == value) {
            target = meaning;
            return {};
        }
        // The generator is for benchmarks and not on offer.
        if (word != "synthetic") {
            offered += offered.empty() ? "" : ", ";
            offered += word;
        }
    }
    return usage_error(fmt::format("{}: {} is none of {}", what, util::in_quotes(value), offered));
}

template <auto Part, bool std::remove_reference_t<decltype(TraceOptions{}.*Part)>::*Member>
Status set_flag(Invocation& out, std::string_view /*what*/, const std::string& /*value*/) {
    out.trace.*Part.*Member = true;
    return {};
}

constexpr auto set_previous = set_flag<&TraceOptions::view, &ViewOptions::previous>;
constexpr auto set_wide = set_flag<&TraceOptions::view, &ViewOptions::wide>;
constexpr auto set_quiet = set_flag<&TraceOptions::view, &ViewOptions::quiet>;
constexpr auto set_summary = set_flag<&TraceOptions::view, &ViewOptions::summary>;
constexpr auto set_stuck = set_flag<&TraceOptions::source, &SourceOptions::stuck>;
constexpr auto set_self = set_flag<&TraceOptions::source, &SourceOptions::self>;
constexpr auto set_verbose = set_flag<&TraceOptions::source, &SourceOptions::verbose>;
constexpr auto set_strict = set_flag<&TraceOptions::run, &RunOptions::strict>;

Status add_pid(Invocation& out, std::string_view what, const std::string& value) {
    return add_id(out, what, value, out.trace.source.filters.pids);
}

Status add_tid(Invocation& out, std::string_view what, const std::string& value) {
    return add_id(out, what, value, out.trace.source.filters.tids);
}

Status set_comm(Invocation& out, std::string_view what, const std::string& value) {
    std::string& prefix = out.trace.source.filters.comm_prefix;
    prefix = value.substr(0, longest_comm);
    if (value.size() > longest_comm) {
        out.warnings.push_back(
            fmt::format("{}: names of tasks have at most {} bytes; looking for "
                        "'{}'",
                        what, longest_comm, util::printable(prefix)));
    }
    return {};
}

Status set_cgroup(Invocation& out, std::string_view what, const std::string& value) {
    return set_path(what, value, out.trace.source.filters.cgroup_path);
}

Status set_cgroup_map(Invocation& out, std::string_view what, const std::string& value) {
    return set_path(what, value, out.trace.source.filters.cgroup_map);
}

Status set_mntns_map(Invocation& out, std::string_view what, const std::string& value) {
    return set_path(what, value, out.trace.source.filters.mntns_map);
}

Status set_cpus(Invocation& out, std::string_view what, const std::string& value) {
    return store(util::parse_cpu_list(value, what), out.trace.source.filters.cpus);
}

Status set_format(Invocation& out, std::string_view what, const std::string& value) {
    const auto format = format_named(value);
    if (!format) {
        return usage_error(fmt::format("{}: {} is none of {}", what, util::in_quotes(value),
                                       fmt::join(format_names(), ", ")));
    }
    out.trace.view.format = *format;
    return {};
}

Status set_source(Invocation& out, std::string_view what, const std::string& value) {
    static constexpr std::array<std::pair<std::string_view, SourceKind>, 4> words{
        {{"auto", SourceKind::automatic},
         {"bpf", SourceKind::bpf},
         {"schedstat", SourceKind::schedstat},
         {"synthetic", SourceKind::synthetic}}};
    return choose(what, value, words, out.trace.source.kind);
}

Status set_by(Invocation& out, std::string_view what, const std::string& value) {
    static constexpr std::array<std::pair<std::string_view, GroupBy>, 6> words{
        {{"comm", GroupBy::comm},
         {"thread", GroupBy::thread},
         {"process", GroupBy::process},
         {"cgroup", GroupBy::cgroup},
         {"parent", GroupBy::parent},
         {"cpu", GroupBy::cpu}}};
    ViewOptions& view = out.trace.view;
    view.summary = true;
    auto status = choose(what, value, words, view.by);
    out.trace.source.parents = view.by == GroupBy::parent;
    return status;
}

/// `all`, or how many; nothing changes the default.
Status set_why(Invocation& out, std::string_view what, const std::string& value) {
    ViewOptions& view = out.trace.view;
    view.why = true;
    if (value.empty()) {
        return {};
    }
    if (value == "all") {
        view.named_tasks = UINT32_MAX;
        return {};
    }
    const auto tasks = util::parse_number(value, what, {0, UINT32_MAX - 1});
    if (!tasks && tasks.error().message.find("whole number") != std::string::npos) {
        return usage_error(fmt::format("{}: {} is neither a number of tasks nor 'all'", what,
                                       util::in_quotes(value)));
    }
    return store(tasks, view.named_tasks);
}

Status set_waker(Invocation& out, std::string_view /*what*/, const std::string& /*value*/) {
    out.trace.source.waker = true;
    out.trace.view.waker = true;
    return {};
}

Status set_interval(Invocation& out, std::string_view what, const std::string& value) {
    constexpr double shortest_s = 0.001;
    auto status = store(util::parse_seconds(value, what), out.trace.view.interval_s);
    if (status && *out.trace.view.interval_s < shortest_s) {
        return usage_error(fmt::format("{}: {} s is too short; at least 0.001", what, value));
    }
    out.trace.source.interval_s = out.trace.view.interval_s;
    return status;
}

/// `-` is standard output, as for other programs.
Status set_output(Invocation& out, std::string_view what, const std::string& value) {
    ViewOptions& view = out.trace.view;
    view.to_stdout = value == "-";
    if (view.to_stdout) {
        view.output_path.clear();
        return {};
    }
    return set_path(what, value, view.output_path);
}

Status set_record(Invocation& out, std::string_view what, const std::string& value) {
    return set_path(what, value, out.trace.record.path);
}

Status set_max_size(Invocation& out, std::string_view what, const std::string& value) {
    return store(util::parse_bytes(value, what, file_size_range), out.trace.record.max_bytes);
}

Status set_rotate(Invocation& out, std::string_view what, const std::string& value) {
    return store(util::parse_number(value, what, {2, most_files}), out.trace.record.files);
}

Status set_flight(Invocation& out, std::string_view what, const std::string& value) {
    return store(util::parse_seconds(value, what), out.trace.record.flight_s);
}

Status set_flight_size(Invocation& out, std::string_view what, const std::string& value) {
    return store(util::parse_bytes(value, what, flight_size_range), out.trace.record.flight_bytes);
}

Status set_trigger_us(Invocation& out, std::string_view what, const std::string& value) {
    return store(util::parse_number(value, what, {0, most_us}), out.trace.record.trigger_us);
}

Status add_trigger_pressure(Invocation& out, std::string_view what, const std::string& value) {
    std::string word;
    auto status = set_path(what, value, word);
    out.trace.record.trigger_pressure.push_back(std::move(word));
    return status;
}

Status set_events(Invocation& out, std::string_view /*what*/, const std::string& /*value*/) {
    out.trace.replay.events = true;
    return {};
}

Status set_from(Invocation& out, std::string_view /*what*/, const std::string& value) {
    out.trace.replay.from = value;
    return {};
}

Status set_to(Invocation& out, std::string_view /*what*/, const std::string& value) {
    out.trace.replay.to = value;
    return {};
}

Status set_sqlite(Invocation& out, std::string_view what, const std::string& value) {
    if (value == "-") {
        return usage_error(fmt::format("{}: a database cannot go to a pipe; name a file", what));
    }
    return set_path(what, value, out.trace.replay.sqlite_path);
}

Status set_html(Invocation& out, std::string_view what, const std::string& value) {
    if (value == "-") {
        return usage_error(fmt::format("{}: a page cannot go to a pipe; name a file", what));
    }
    return set_path(what, value, out.trace.replay.html_path);
}

Status set_perfetto(Invocation& out, std::string_view what, const std::string& value) {
    if (value == "-") {
        return usage_error(fmt::format("{}: standard output is the report's; name a file", what));
    }
    return set_path(what, value, out.trace.replay.perfetto_path);
}

/// The stacks of every wait are an events' format.
Status set_folded(Invocation& out, std::string_view /*what*/, const std::string& /*value*/) {
    out.trace.replay.events = true;
    out.trace.view.format = *format_named("folded");
    return {};
}

Status set_priority(Invocation& out, std::string_view what, const std::string& value) {
    return store(util::parse_priority(value, what), out.trace.run.priority);
}

Status set_filter_in(Invocation& out, std::string_view what, const std::string& value) {
    static constexpr std::array<std::pair<std::string_view, bool>, 2> words{
        {{"kernel", false}, {"user", true}}};
    return choose(what, value, words, out.trace.source.filter_in_user_space);
}

Status set_duration(Invocation& out, std::string_view what, const std::string& value) {
    return store(util::parse_seconds(value, what), out.trace.run.duration_s);
}

Status set_count(Invocation& out, std::string_view what, const std::string& value) {
    return store(util::parse_number(value, what, {1, UINT64_MAX}), out.trace.run.count);
}

Status set_history(Invocation& out, std::string_view what, const std::string& value) {
    if (auto status =
            store(util::parse_number(value, what, history_range), out.trace.source.history);
        !status) {
        return status;
    }
    const std::uint32_t length = out.trace.source.history;
    if (!std::has_single_bit(length)) {
        return usage_error(fmt::format("{}: {} is not a power of two; write {} or {}", what, length,
                                       std::bit_floor(length), std::bit_floor(length) * 2));
    }
    return {};
}

Status set_buffer(Invocation& out, std::string_view what, const std::string& value) {
    return store(util::parse_size(value, what, buffer_range), out.trace.source.buffer_bytes);
}

Status refuse_ebpf(Invocation& /*out*/, std::string_view what, const std::string& /*value*/) {
    return usage_error(fmt::format(
        "{}: there is no program text to print, the BPF program comes compiled; leave it out",
        what));
}

}  // namespace

const std::vector<OptionRow>& option_table() {
    static const std::vector<OptionRow> rows{
        {'p', "pid", "PID", Group::tasks, "threads of this process; may be repeated", add_pid},
        {'t', "tid", "TID", Group::tasks, "this thread; may be repeated", add_tid},
        {'c', "comm", "COMM", Group::tasks, "tasks whose name starts with COMM (at most 15 bytes)",
         set_comm},
        {0, "cgroup", "PATH", Group::tasks, "tasks in this cgroup v2 directory and below it",
         set_cgroup},
        {0, "cpu", "LIST", Group::tasks, "waits that end on these CPUs, like 0,2-5", set_cpus},
        {0, "cgroupmap", "FILE", Group::tasks, "tasks whose cgroup id is in this pinned BPF map",
         set_cgroup_map},
        {0, "mntnsmap", "FILE", Group::tasks,
         "tasks whose mount namespace is in this pinned BPF map", set_mntns_map},
        {0, "self", "", Group::tasks, "also this tool's own waits", set_self},

        {'P', "previous", "", Group::output, "also the task that left the CPU to the waiter",
         set_previous},
        {'W', "why", "N", Group::output,
         "under each wait, who had the CPU and for how long.\n"
         "--why=N names N tasks, --why=all every one\n"
         "(default 6; JSON always tells, default 16)",
         set_why, Value::optional},
        {'w', "wide", "", Group::output, "also process id, CPU, kind of wait, microseconds",
         set_wide},
        {'f', "format", "FORMAT", Group::output,
         "text (default), json (one object a line), csv,\nor folded (stacks for flame graphs)",
         set_format},
        {'q', "quiet", "", Group::output, "no events, only the summary or reports", set_quiet},
        {'s', "summary", "", Group::output, "at the end: causes, percentiles, victims and culprits",
         set_summary},
        {0, "by", "WHAT", Group::output,
         "sum up by comm, thread, process (default), cgroup,\nparent or cpu; turns -s on", set_by},
        {0, "interval", "SECONDS", Group::output,
         "a report every so many seconds; turns -s on.\n"
         "With --source schedstat: sample so often (default 1)",
         set_interval},
        {0, "stuck", "", Group::sensing, "also tasks that are still waiting", set_stuck},
        {0, "waker", "", Group::sensing, "also who woke the waiter (costs a second hook)",
         set_waker},
        {'o', "output", "FILE", Group::target,
         "write to FILE; - is standard output, the default, but\nof 'record' runqslower.rec",
         set_output},
        {0, "record", "FILE", Group::beside, "also keep the whole run in FILE, for 'report'",
         set_record},
        {0, "max-size", "SIZE", Group::keep,
         "end the recording at this size, like 500m; with\n--rotate begin another file",
         set_max_size},
        {0, "rotate", "N", Group::keep,
         "keep N files of --max-size: FILE is the newest,\nFILE.1 the one before", set_rotate},

        {0, "flight", "SECONDS", Group::keep,
         "keep the last seconds in memory; write them to a\nfile of their own on a trigger or "
         "SIGUSR1",
         set_flight},
        {0, "flight-size", "SIZE", Group::keep, "in at most so much memory (default 64m)",
         set_flight_size},
        {0, "trigger-us", "US", Group::keep, "a trigger: a wait longer than this", set_trigger_us},
        {0, "trigger-psi", "PSI", Group::keep,
         "a trigger: CPU pressure in per cent, like 20, or of\na cgroup, like "
         "/sys/fs/cgroup/web.slice:20",
         add_trigger_pressure},

        {0, "events", "", Group::replay, "print waits, as the live tool does, and no report",
         set_events},
        {0, "from", "TIME", Group::replay,
         "from here on: seconds since the start, or a time of\nday like 14:30:05", set_from},
        {0, "to", "TIME", Group::replay, "up to here", set_to},
        {0, "folded", "", Group::replay, "stacks for flame graphs: -f folded --events", set_folded},
        {0, "sqlite", "FILE", Group::replay,
         "also write waits, parts, runs and names to FILE, a\nnew SQLite database", set_sqlite},
        {0, "html", "FILE", Group::replay,
         "also write a page to look at in a browser to FILE,\na new file that needs no other",
         set_html},
        {0, "perfetto", "FILE", Group::replay,
         "also write CPUs, threads and waits to FILE, a new\ntrace for ui.perfetto.dev",
         set_perfetto},

        {'d', "duration", "SECONDS", Group::run, "stop after this time", set_duration},
        {'n', "count", "COUNT", Group::run, "stop after so many events", set_count},
        {0, "strict", "", Group::run, "exit with 3 when waits were lost", set_strict},

        {0, "source", "SOURCE", Group::tuning,
         "bpf: every wait, needs root or cap_bpf,cap_perfmon.\n"
         "schedstat: sampled sums, needs no privileges.\n"
         "auto (default): bpf, and schedstat where that fails",
         set_source},
        {0, "history", "N", Group::tuning,
         "switches remembered per CPU, a power of two from\n2 to 8192 (default 1024)", set_history},
        {0, "buffer", "SIZE", Group::tuning,
         "ring per CPU, a power of two like 512k or 4m, at\n"
         "most 512m (default: chosen for the machine)",
         set_buffer},
        {0, "priority", "PRIO", Group::tuning,
         "of the thread that reads the rings: auto (default),\n"
         "normal, nice:N, fifo:N or rr:N",
         set_priority},
        {'v', "verbose", "", Group::tuning, "say more on stderr", set_verbose},
        {0, "filter-in", "WHERE", Group::tuning, "", set_filter_in},

        {'V', "version", "", Group::other, "print the version", nullptr, Value::none,
         Answer::version},
        {'h', "help", "", Group::other, "print this text", nullptr, Value::none, Answer::help},

        {'?', "usage", "", Group::other, "", nullptr, Value::none, Answer::help},
        {0, "ebpf", "", Group::other, "", refuse_ebpf},
    };
    return rows;
}

std::string_view heading(Group group) {
    switch (group) {
        case Group::tasks:
            return "Which waits (all that are given must hold)";
        case Group::output:
            return "What is shown";
        case Group::target:
            return "Where it goes";
        case Group::sensing:
            return "What else is noticed";
        case Group::beside:
            return "Recording beside it";
        case Group::keep:
            return "How much is kept";
        case Group::replay:
            return "Of a recording";
        case Group::run:
            return "For how long";
        case Group::tuning:
            return "How it is measured";
        case Group::other:
            break;
    }
    return "Other";
}

}  // namespace rqs::cli
