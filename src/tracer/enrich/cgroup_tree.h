// SPDX-License-Identifier: BSD-2-Clause
// One mounted hierarchy of cgroups: from an id, which is all that the kernel's hook tells, to a
// path, its weight and the quota that holds there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "enrich/read_budget.h"
#include "model/cgroup_info.h"
#include "util/bounded_cache.h"

namespace rqs {

/// In which files a hierarchy keeps CPU quotas and weights: cpu.cfs_quota_us and cpu.shares, or
/// cpu.max and cpu.weight.
enum class QuotaFiles { none, v1, v2 };

/// Resolves an id by a file handle, which takes one system call and CAP_DAC_READ_SEARCH. Without
/// that it walks the hierarchy, at most once a second and at most `walk_limit` directories at a
/// time; the next walk goes on where the last one ended.
class CgroupTree {
  public:
    static constexpr std::size_t default_walk_limit = 1000;

    /// `mount_point` may be empty: then nothing is found. Keeps `capacity` cgroups at most.
    CgroupTree(std::string mount_point, QuotaFiles quotas, std::size_t capacity,
               std::size_t walk_limit = default_walk_limit);

    /// What is known of a cgroup, at most about a second old, or as old as it must be while
    /// `budget` is spent. nullptr: not found (yet). One that was removed is remembered. The pointer
    /// is valid until the next call.
    const CgroupInfo* look_up(std::uint64_t id, ReadBudget& budget);

    [[nodiscard]] std::size_t size() const { return cache_.size(); }

  private:
    struct Entry {
        CgroupInfo info;  // without a path: asked for and not found
        std::optional<std::uint64_t> read_ns;
    };
    using Walk = std::filesystem::recursive_directory_iterator;

    bool find_path(std::uint64_t id, Entry& entry, ReadBudget& budget);
    void walk(std::uint64_t now_ns);
    bool walk_on(std::size_t& directories);
    void note(const std::filesystem::path& directory);
    void read_limits(CgroupInfo& info, ReadBudget& budget) const;
    [[nodiscard]] std::string below_mount(std::string_view path) const;
    [[nodiscard]] std::string directory(std::string_view path) const;

    std::string mount_point_;
    QuotaFiles quotas_;
    util::BoundedCache<Entry> cache_;
    std::size_t walk_limit_;
    bool handles_work_;
    Walk walk_;
    std::uint64_t next_walk_ns_ = 0;
};

}  // namespace rqs
