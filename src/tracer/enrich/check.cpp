// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/check.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "util/text.h"
#include "util/values.h"

namespace rqs {
namespace {

using util::in_quotes;

Status check_pid(std::uint32_t pid, const util::Procfs& procfs) {
    const auto process = procfs.process_of(pid);
    if (!process) {
        return usage_error(fmt::format("--pid: there is no process {}", pid));
    }
    if (*process != pid) {
        return usage_error(fmt::format(
            "--pid: {0} is a thread of process {1}; use -t {0} or -p {1}", pid, *process));
    }
    return {};
}

Status check_tid(std::uint32_t tid, const util::Procfs& procfs) {
    if (!procfs.process_of(tid)) {
        return usage_error(fmt::format("--tid: there is no thread {}", tid));
    }
    return {};
}

Status check_cgroup(const std::string& path) {
    struct statfs info {};
    if (::statfs(path.c_str(), &info) != 0) {
        return usage_error(
            fmt::format("--cgroup: cannot look at {}: {}", in_quotes(path), std::strerror(errno)));
    }
    if (info.f_type == CGROUP_SUPER_MAGIC) {
        return usage_error(
            fmt::format("--cgroup: {} is a cgroup v1 directory; give one below a cgroup2 mount "
                        "(findmnt -t cgroup2 shows them)",
                        in_quotes(path)));
    }
    if (info.f_type != CGROUP2_SUPER_MAGIC) {
        return usage_error(
            fmt::format("--cgroup: {} is no cgroup; give a directory below a cgroup2 mount "
                        "(findmnt -t cgroup2 shows them)",
                        in_quotes(path)));
    }
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0 || !S_ISDIR(file.st_mode)) {
        return usage_error(
            fmt::format("--cgroup: {} is a file of a cgroup; give its directory", in_quotes(path)));
    }
    return {};
}

Status check_map(const char* what, const std::string& path) {
    struct statfs info {};
    struct stat file {};
    if (::statfs(path.c_str(), &info) != 0 || ::stat(path.c_str(), &file) != 0) {
        if (errno == EACCES) {
            // The BPF file system is closed to others: the word may well be right.
            return fail(fmt::format(
                "{}: cannot look at {}: {}; run as root (sudo): tracing needs it anyway, or the "
                "capabilities cap_bpf,cap_perfmon and a path that may be read",
                what, in_quotes(path), std::strerror(errno)));
        }
        return usage_error(
            fmt::format("{}: cannot look at {}: {}", what, in_quotes(path), std::strerror(errno)));
    }
    if (info.f_type != BPF_FS_MAGIC) {
        return usage_error(fmt::format("{}: {} is no pinned BPF map; give a file below /sys/fs/bpf",
                                       what, in_quotes(path)));
    }
    if (!S_ISREG(file.st_mode)) {
        return usage_error(
            fmt::format("{}: {} is a directory; give a map pinned in it", what, in_quotes(path)));
    }
    return {};
}

/// Where the list of CPUs is not to be had, every CPU may be there.
Status check_cpus(const std::vector<std::uint32_t>& cpus) {
    const util::Procfs cpu_dir("/sys/devices/system/cpu");
    const std::string possible = cpu_dir.read("possible").value_or("");
    const auto known = util::parse_cpu_list(util::trim(possible), "possible");
    if (!known) {
        return {};
    }
    for (const std::uint32_t cpu : cpus) {
        if (!std::binary_search(known->begin(), known->end(), cpu)) {
            return usage_error(fmt::format("--cpu: there is no CPU {}; this machine has {}", cpu,
                                           util::trim(possible)));
        }
    }
    return {};
}

}  // namespace

Status check_against_system(const Filters& filters, const util::Procfs& procfs) {
    Status status;
    for (const std::uint32_t pid : filters.pids) {
        status = status ? check_pid(pid, procfs) : status;
    }
    for (const std::uint32_t tid : filters.tids) {
        status = status ? check_tid(tid, procfs) : status;
    }
    if (status && !filters.cgroup_path.empty()) {
        status = check_cgroup(filters.cgroup_path);
    }
    if (status && !filters.cgroup_map.empty()) {
        status = check_map("--cgroupmap", filters.cgroup_map);
    }
    if (status && !filters.mntns_map.empty()) {
        status = check_map("--mntnsmap", filters.mntns_map);
    }
    return status ? check_cpus(filters.cpus) : status;
}

}  // namespace rqs
