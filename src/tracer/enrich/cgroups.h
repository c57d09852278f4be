// SPDX-License-Identifier: BSD-2-Clause
// Where the cpu controller hangs, and cgroups by path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "util/error.h"
#include "util/procfs.h"

namespace rqs {

/// Whether the cpu controller hangs in a v1 hierarchy: the scheduler then groups tasks by that one.
bool cpu_controller_is_v1(const util::Procfs& procfs = util::Procfs());

struct CgroupPlace {
    std::uint64_t id = 0;
    std::uint32_t level = 0;  ///< depth below the root of the hierarchy, which is 0
};

/// Where a directory of a mounted v2 hierarchy lies.
struct V2Path {
    std::string from_mount;  ///< below the mount point, as CgroupInfo::path
    std::string from_root;   ///< from the root that this process sees, as in /proc/PID/cgroup
};
/// Nothing where it is in no v2 hierarchy that is mounted here.
std::optional<V2Path> find_v2_path(const std::string& directory, const util::Procfs& procfs);

/// A directory of a mounted v2 hierarchy; else a usage error that says what it is instead.
Result<CgroupPlace> locate_v2_cgroup(const std::string& path);

}  // namespace rqs
