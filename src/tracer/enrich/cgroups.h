// SPDX-License-Identifier: BSD-2-Clause
// Cgroups by id and by path.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "util/error.h"

namespace rqs {

/// Whether the cpu controller hangs in a v1 hierarchy: the scheduler then groups tasks by that one.
bool cpu_controller_is_v1();

struct CgroupPlace {
    std::uint64_t id = 0;
    std::uint32_t level = 0;  ///< depth below the root of the hierarchy, which is 0
};

/// A directory of a mounted v2 hierarchy; else a usage error that says what it is instead.
Result<CgroupPlace> locate_v2_cgroup(const std::string& path);

/// Names of cgroups for people: the path below the mount point of the hierarchy of the cpu
/// controller. Looks the hierarchy through when it meets an id it does not know, at most once a
/// second.
class CgroupNames {
  public:
    CgroupNames();

    /// "/" for the root; "cgroup:ID" for one that is gone.
    std::string name(std::uint64_t id);

  private:
    void scan();

    std::string mount_;
    std::unordered_map<std::uint64_t, std::string> names_;
    std::uint64_t next_scan_ns_ = 0;
};

}  // namespace rqs
