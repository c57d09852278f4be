// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/impossible_filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "enrich/mounts.h"
#include "util/safe_text.h"
#include "util/values.h"

namespace rqs {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

bool contains(const std::vector<std::uint32_t>& ids, std::uint32_t id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// Whether `path` is `directory` or below it; both absolute and normal.
bool is_within(const std::string& path, const std::string& directory) {
    return directory == "/" || path == directory ||
           path.compare(0, directory.size() + 1, directory + "/") == 0;
}

void check_threads(const Filters& filters, const util::Procfs& procfs, Lines& lines) {
    if (filters.pids.empty()) {
        return;
    }
    for (const std::uint32_t tid : filters.tids) {
        const auto process = procfs.process_of(tid);
        if (process && !contains(filters.pids, *process)) {
            lines.push_back(
                fmt::format("--tid: {} is a thread of process {}, which --pid does not name: it "
                            "never matches; leave out --pid or add -p {}",
                            tid, *process, *process));
        }
    }
}

/// Where in the v2 hierarchy a directory is, in the words of /proc/PID/cgroup: from the root that
/// this process sees. Nothing where it is in none that is mounted here.
std::optional<std::string> place_in_hierarchy(const std::string& directory,
                                              const util::Procfs& procfs) {
    std::error_code error;
    const std::string real = fs::canonical(directory, error).string();
    if (error) {
        return std::nullopt;
    }
    std::optional<Mount> mount;  // the innermost
    for (const Mount& each : read_mounts(procfs)) {
        if (each.type == "cgroup2" && is_within(real, each.point) &&
            (!mount || each.point.size() >= mount->point.size())) {
            mount = each;
        }
    }
    if (!mount) {
        return std::nullopt;
    }
    const std::string path =
        (mount->root == "/" ? "" : mount->root) + real.substr(mount->point.size());
    return path.empty() ? "/" : path;
}

/// Of both filters --tid is the narrower one.
void check_cgroup(const Filters& filters, const util::Procfs& procfs, Lines& lines) {
    const auto wanted = place_in_hierarchy(filters.cgroup_path, procfs);
    if (!wanted) {
        return;
    }
    const bool threads = !filters.tids.empty();
    for (const std::uint32_t id : threads ? filters.tids : filters.pids) {
        // "0::/path" is the line of v2.
        const auto path = procfs.field(fmt::format("{}/cgroup", id), "0:");
        if (path && !is_within(*path, *wanted)) {
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
        if (!contains(*online, cpu)) {
            lines.push_back(fmt::format(
                "--cpu: CPU {} is offline: at the moment nothing runs there (online: {})", cpu,
                list));
        }
    }
}

}  // namespace

std::vector<std::string> impossible_filters(const Filters& filters, const util::Procfs& procfs,
                                            const util::Procfs& cpus) {
    Lines lines;
    check_threads(filters, procfs, lines);
    if (!filters.cgroup_path.empty()) {
        check_cgroup(filters, procfs, lines);
    }
    check_cpus(filters, cpus, lines);
    return lines;
}

}  // namespace rqs
