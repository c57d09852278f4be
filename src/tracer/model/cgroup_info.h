// SPDX-License-Identifier: BSD-2-Clause
// What is known of a cgroup beside its id, as plain data that a consumer may keep.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rqs {

/// A cgroup and the CPU quota that holds for it: the tightest of its own and its ancestors', in
/// quota / period. Paths are below the mount point of the hierarchy, with a leading slash; "/" is
/// the root. They are raw: whoever made a cgroup chose its name.
struct CgroupInfo {
    std::uint64_t id = 0;
    std::string path;
    /// CPU time per period, over all CPUs; nothing: no quota. The rest only with one.
    std::optional<std::uint64_t> quota_us;
    std::uint64_t period_us = 0;
    std::uint64_t quota_cgroup_id = 0;  ///< whose quota it is: this cgroup's or an ancestor's
    std::string quota_path;
    /// In the v2 hierarchy, where the cpu controller hangs in another one: ids may be the same.
    bool of_v2 = false;
    /// cpu.weight of its own, or cpu.shares in v1.
    std::optional<std::uint64_t> weight = std::nullopt;

    bool operator==(const CgroupInfo&) const = default;
};

}  // namespace rqs
