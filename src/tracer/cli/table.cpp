// SPDX-License-Identifier: BSD-2-Clause
#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>

#include "cli/values.h"
#include "util/safe_text.h"

namespace rqs::cli {
namespace {

/// The kernel's TASK_COMM_LEN, less the closing NUL.
constexpr std::size_t longest_comm = 15;
constexpr std::uint64_t max_id = std::numeric_limits<std::int32_t>::max();
constexpr Range history_range{2, 512};
constexpr Range buffer_range{std::uint64_t{1} << 12, std::uint64_t{1} << 29};

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
    if (auto status = store(parse_number(value, what, {0, max_id}), id); !status) {
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
    return usage_error(
        fmt::format("{}: '{}' is none of {}", what, util::printable(value), offered));
}

template <bool Options::*Member>
Status set_flag(Invocation& out, std::string_view /*what*/, const std::string& /*value*/) {
    out.options.*Member = true;
    return {};
}

template <Invocation::Command Command>
Status set_command(Invocation& out, std::string_view /*what*/, const std::string& /*value*/) {
    out.command = Command;
    return {};
}

Status add_pid(Invocation& out, std::string_view what, const std::string& value) {
    return add_id(out, what, value, out.options.filters.pids);
}

Status add_tid(Invocation& out, std::string_view what, const std::string& value) {
    return add_id(out, what, value, out.options.filters.tids);
}

Status set_comm(Invocation& out, std::string_view what, const std::string& value) {
    std::string& prefix = out.options.filters.comm_prefix;
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
    return set_path(what, value, out.options.filters.cgroup_path);
}

Status set_cgroup_map(Invocation& out, std::string_view what, const std::string& value) {
    return set_path(what, value, out.options.filters.cgroup_map);
}

Status set_mntns_map(Invocation& out, std::string_view what, const std::string& value) {
    return set_path(what, value, out.options.filters.mntns_map);
}

Status set_cpus(Invocation& out, std::string_view what, const std::string& value) {
    return store(parse_cpu_list(value, what), out.options.filters.cpus);
}

Status set_format(Invocation& out, std::string_view what, const std::string& value) {
    static constexpr std::array<std::pair<std::string_view, Format>, 3> words{
        {{"text", Format::text}, {"json", Format::json}, {"csv", Format::csv}}};
    return choose(what, value, words, out.options.format);
}

Status set_source(Invocation& out, std::string_view what, const std::string& value) {
    static constexpr std::array<std::pair<std::string_view, SourceKind>, 4> words{
        {{"auto", SourceKind::automatic},
         {"bpf", SourceKind::bpf},
         {"schedstat", SourceKind::schedstat},
         {"synthetic", SourceKind::synthetic}}};
    return choose(what, value, words, out.options.source);
}

Status set_by(Invocation& out, std::string_view what, const std::string& value) {
    static constexpr std::array<std::pair<std::string_view, GroupBy>, 2> words{
        {{"process", GroupBy::process}, {"cgroup", GroupBy::cgroup}}};
    out.options.summary = true;
    return choose(what, value, words, out.options.by);
}

Status set_interval(Invocation& out, std::string_view what, const std::string& value) {
    return store(parse_seconds(value, what), out.options.interval_s);
}

Status set_duration(Invocation& out, std::string_view what, const std::string& value) {
    return store(parse_seconds(value, what), out.options.duration_s);
}

Status set_count(Invocation& out, std::string_view what, const std::string& value) {
    return store(parse_number(value, what, {1, UINT64_MAX}), out.options.count);
}

Status set_history(Invocation& out, std::string_view what, const std::string& value) {
    if (auto status = store(parse_number(value, what, history_range), out.options.history);
        !status) {
        return status;
    }
    const std::uint32_t length = out.options.history;
    if (!std::has_single_bit(length)) {
        return usage_error(fmt::format("{}: {} is not a power of two; write {} or {}", what, length,
                                       std::bit_floor(length), std::bit_floor(length) * 2));
    }
    return {};
}

Status set_buffer(Invocation& out, std::string_view what, const std::string& value) {
    return store(parse_size(value, what, buffer_range), out.options.buffer_bytes);
}

Status refuse_ebpf(Invocation& /*out*/, std::string_view what, const std::string& /*value*/) {
    return usage_error(fmt::format(
        "{}: there is no program text to print, the BPF program comes compiled; leave it out",
        what));
}

}  // namespace

std::string OptionRow::display_name() const {
    return long_name.empty() ? fmt::format("-{}", short_name) : fmt::format("--{}", long_name);
}

const std::vector<OptionRow>& option_table() {
    static const std::vector<OptionRow> rows{
        {'p', "pid", "PID", Group::tasks, "threads of this process; may be repeated", add_pid},
        {'t', "tid", "TID", Group::tasks, "this thread; may be repeated", add_tid},
        {'c', "comm", "COMM", Group::tasks, "tasks whose name begins so (at most 15 bytes)",
         set_comm},
        {0, "cgroup", "PATH", Group::tasks, "tasks of this cgroup v2 directory and below it",
         set_cgroup},
        {0, "cpu", "LIST", Group::tasks, "waits that end on these CPUs, like 0,2-5", set_cpus},
        {0, "cgroupmap", "FILE", Group::tasks, "tasks whose cgroup id is in this pinned BPF map",
         set_cgroup_map},
        {0, "mntnsmap", "FILE", Group::tasks,
         "tasks whose mount namespace is in this pinned BPF map", set_mntns_map},

        {'P', "previous", "", Group::output, "also the task that left the CPU to the waiter",
         set_flag<&Options::previous>},
        {'W', "why", "", Group::output, "under each wait, who had the CPU and for how long",
         set_flag<&Options::why>},
        {'w', "wide", "", Group::output, "also process id, CPU and the kernel's timestamp",
         set_flag<&Options::wide>},
        {'f', "format", "FORMAT", Group::output, "text (default), json (one object a line) or csv",
         set_format},
        {'s', "summary", "", Group::output, "at the end: causes, percentiles, victims and culprits",
         set_flag<&Options::summary>},
        {0, "by", "WHAT", Group::output, "sum up by process (default) or cgroup; turns -s on",
         set_by},
        {0, "interval", "SECONDS", Group::output,
         "sum up every so many seconds; turns -s on.\n"
         "With --source schedstat: sample so often (default 1)",
         set_interval},
        {0, "stuck", "", Group::output, "also tasks that are waiting still",
         set_flag<&Options::stuck>},
        {0, "waker", "", Group::output, "also who woke the waiter (costs a second hook)",
         set_flag<&Options::waker>},

        {'d', "duration", "SECONDS", Group::run, "stop after this time", set_duration},
        {'n', "count", "COUNT", Group::run, "stop after so many events", set_count},

        {0, "source", "SOURCE", Group::tuning,
         "bpf: every wait, needs root or cap_bpf,cap_perfmon.\n"
         "schedstat: sampled sums, needs no privileges.\n"
         "auto (default): bpf, and schedstat where that fails",
         set_source},
        {0, "history", "N", Group::tuning,
         "switches remembered per CPU for -W, a power of two\n(default 64)", set_history},
        {0, "buffer", "SIZE", Group::tuning, "ring per CPU, a power of two like 512k or 4m",
         set_buffer},

        {'v', "verbose", "", Group::other, "say more on stderr", set_flag<&Options::verbose>},
        {'V', "version", "", Group::other, "print the version",
         set_command<Invocation::Command::version>},
        {'h', "help", "", Group::other, "print this text", set_command<Invocation::Command::help>},

        {'?', "usage", "", Group::hidden, "", set_command<Invocation::Command::help>},
        {0, "ebpf", "", Group::hidden, "", refuse_ebpf},
    };
    return rows;
}

const std::vector<CommandRow>& command_table() {
    static const std::vector<CommandRow> rows{
        {"demo", Invocation::Command::demo, "trace a small workload of its own for 10 seconds",
         true},
        {"doctor", Invocation::Command::doctor, "say what works on this machine and what does not",
         false},
    };
    return rows;
}

std::string_view heading(Group group) {
    switch (group) {
        case Group::tasks:
            return "Which waits (all that are given must hold)";
        case Group::output:
            return "What is shown";
        case Group::run:
            return "For how long";
        case Group::tuning:
            return "How it is measured";
        case Group::other:
            return "Other";
        case Group::hidden:
            break;
    }
    return "";
}

}  // namespace rqs::cli
