// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/cgroups.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "util/clock.h"

namespace rqs {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t scan_pause_ns = 1'000'000'000;

bool lists(const std::string& comma_separated, std::string_view word) {
    std::istringstream words(comma_separated);
    for (std::string each; std::getline(words, each, ',');) {
        if (each == word) {
            return true;
        }
    }
    return false;
}

// Where the hierarchy of the cpu controller is mounted, from /proc/self/mounts; empty if nowhere.
std::string cpu_hierarchy_mount(bool v1) {
    std::ifstream mounts("/proc/self/mounts");
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream fields(line);
        std::string device;
        std::string point;
        std::string type;
        std::string options;
        fields >> device >> point >> type >> options;
        if (v1 ? type == "cgroup" && lists(options, "cpu") : type == "cgroup2") {
            return point;
        }
    }
    return {};
}

std::uint64_t inode_of(const fs::path& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

bool cpu_controller_is_v1() {
    // "4:cpu,cpuacct:/path" for v1, "0::/path" for v2
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first != std::string::npos && second != std::string::npos &&
            lists(line.substr(first + 1, second - first - 1), "cpu")) {
            return true;
        }
    }
    return false;
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

CgroupNames::CgroupNames() : mount_(cpu_hierarchy_mount(cpu_controller_is_v1())) {}

std::string CgroupNames::name(std::uint64_t id) {
    auto found = names_.find(id);
    if (found == names_.end()) {
        scan();
        found = names_.find(id);
    }
    return found != names_.end() ? found->second : fmt::format("cgroup:{}", id);
}

void CgroupNames::scan() {
    const std::uint64_t now_ns = util::monotonic_ns();
    if (mount_.empty() || now_ns < next_scan_ns_) {
        return;
    }
    next_scan_ns_ = now_ns + scan_pause_ns;
    names_[inode_of(mount_)] = "/";
    std::error_code error;
    fs::recursive_directory_iterator entry(mount_, fs::directory_options::skip_permission_denied,
                                           error);
    for (const fs::recursive_directory_iterator end; !error && entry != end;
         entry.increment(error)) {
        std::error_code gone;
        if (entry->is_directory(gone) && !gone) {
            names_[inode_of(entry->path())] = entry->path().string().substr(mount_.size());
        }
    }
}

}  // namespace rqs
