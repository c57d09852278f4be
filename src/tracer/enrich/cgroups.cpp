// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/cgroups.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "enrich/mounts.h"
#include "util/text.h"

namespace rqs {
namespace {

namespace fs = std::filesystem;

std::uint64_t inode_of(const fs::path& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

// Each line is "4:cpu,cpuacct:/path" for a v1 hierarchy, "0::/path" for v2.
bool cpu_controller_is_v1(const util::Procfs& procfs) {
    std::istringstream lines(procfs.read("self/cgroup").value_or(""));
    for (std::string line; std::getline(lines, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first != std::string::npos && second != std::string::npos &&
            has_word(line.substr(first + 1, second - first - 1), "cpu", ",")) {
            return true;
        }
    }
    return false;
}

std::optional<V2Path> find_v2_path(const std::string& directory, const util::Procfs& procfs) {
    std::error_code error;
    const std::string real = fs::canonical(directory, error).string();
    if (error) {
        return std::nullopt;
    }
    std::optional<Mount> mount;  // the innermost
    for (const Mount& each : read_mounts(procfs)) {
        if (each.type == "cgroup2" && util::is_below(real, each.point) &&
            (!mount || each.point.size() >= mount->point.size())) {
            mount = each;
        }
    }
    if (!mount) {
        return std::nullopt;
    }
    const auto or_root = [](const std::string& path) { return path.empty() ? "/" : path; };
    const std::string below = real.substr(mount->point.size());
    return V2Path{or_root(below), or_root((mount->root == "/" ? "" : mount->root) + below)};
}

Result<CgroupPlace> locate_v2_cgroup(const std::string& path) {
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    if (error) {
        return usage_error(fmt::format("--cgroup: no cgroup {}: {}", path, error.message()));
    }
    struct statfs info {};
    if (::statfs(real.c_str(), &info) != 0) {
        return usage_error(fmt::format("--cgroup: {}: {}", path, std::strerror(errno)));
    }
    if (info.f_type != CGROUP2_SUPER_MAGIC) {
        return usage_error(
            fmt::format("--cgroup: {} is not in a cgroup v2 hierarchy{}", path,
                        info.f_type == CGROUP_SUPER_MAGIC ? " but in a v1 one" : ""));
    }
    if (!fs::is_directory(real)) {
        return usage_error(fmt::format("--cgroup: {} is not a directory", path));
    }
    CgroupPlace place;
    place.id = inode_of(real);
    // The root's id is 1. Inside a cgroup namespace the mount shows a subtree, and the true depth
    // is not to be seen.
    fs::path at = real;
    while (inode_of(at) != 1) {
        struct statfs parent {};
        if (!at.has_parent_path() || at == at.parent_path() ||
            ::statfs(at.parent_path().c_str(), &parent) != 0 ||
            parent.f_type != CGROUP2_SUPER_MAGIC) {
            return fail(
                fmt::format("--cgroup: the hierarchy's root is not visible from {}; run "
                            "outside the container's cgroup namespace",
                            path));
        }
        at = at.parent_path();
        ++place.level;
    }
    return place;
}

}  // namespace rqs
