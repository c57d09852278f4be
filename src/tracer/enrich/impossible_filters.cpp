// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/impossible_filters.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "enrich/cgroups.h"
#include "util/contains.h"
#include "util/safe_text.h"
#include "util/text.h"
#include "util/values.h"

namespace rqs {
namespace {

using Lines = std::vector<std::string>;

/// The command and its descendants are yet to start, so whoever has an id now is none of them.
void check_command(const Filters& filters, Lines& lines) {
    const auto complain = [&](std::string_view option, std::string_view what, std::uint32_t id) {
        lines.push_back(
            fmt::format("{0}: {1} {2} is older than the command, and only the command and its "
                        "descendants are traced: it never matches; leave out {0} or the command",
                        option, what, id));
    };
    for (const std::uint32_t pid : filters.pids) {
        complain("--pid", "process", pid);
    }
    for (const std::uint32_t tid : filters.tids) {
        complain("--tid", "thread", tid);
    }
}

void check_threads(const Filters& filters, const util::Procfs& procfs, Lines& lines) {
    if (filters.pids.empty()) {
        return;
    }
    for (const std::uint32_t tid : filters.tids) {
        const auto process = procfs.process_of(tid);
        if (process && !util::contains(filters.pids, *process)) {
            lines.push_back(
                fmt::format("--tid: {} is a thread of process {}, which --pid does not name: it "
                            "never matches; leave out --pid or add -p {}",
                            tid, *process, *process));
        }
    }
}

/// Of both filters --tid is the narrower one.
void check_cgroup(const Filters& filters, const util::Procfs& procfs, Lines& lines) {
    const auto wanted = find_v2_path(filters.cgroup_path, procfs);
    if (!wanted) {
        return;
    }
    const bool threads = !filters.tids.empty();
    for (const std::uint32_t id : threads ? filters.tids : filters.pids) {
        // "0::/path" is the line of v2.
        const auto path = procfs.field(fmt::format("{}/cgroup", id), "0:");
        if (path && !util::is_below(*path, wanted->from_root)) {
            lines.push_back(fmt::format(
                "{} {} is in the cgroup '{}', outside of --cgroup: at the moment none of its waits "
                "match",
                threads ? "--tid: thread" : "--pid: process", id, util::printable(*path)));
        }
    }
}

/// Where the list of CPUs cannot be read, all may be online.
void check_cpus(const Filters& filters, const util::Procfs& cpus, Lines& lines) {
    std::string list = cpus.read("online").value_or("");
    list.erase(list.find_last_not_of('\n') + 1);
    const auto online = util::parse_cpu_list(list, "online");
    if (!online) {
        return;
    }
    for (const std::uint32_t cpu : filters.cpus) {
        if (!util::contains(*online, cpu)) {
            lines.push_back(fmt::format(
                "--cpu: CPU {} is offline: at the moment nothing runs there (online: {})", cpu,
                list));
        }
    }
}

}  // namespace

std::vector<std::string> impossible_filters(const TraceOptions& options, const util::Procfs& procfs,
                                            const util::Procfs& cpus) {
    const Filters& filters = options.source.filters;
    Lines lines;
    if (!options.run.command.empty()) {
        check_command(filters, lines);
    }
    check_threads(filters, procfs, lines);
    if (!filters.cgroup_path.empty()) {
        check_cgroup(filters, procfs, lines);
    }
    check_cpus(filters, cpus, lines);
    return lines;
}

}  // namespace rqs
