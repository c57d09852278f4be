// SPDX-License-Identifier: BSD-2-Clause
// Cgroups of this machine by id, for whoever watches it live. A replay has what was looked up then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "enrich/cgroup_tree.h"
#include "enrich/mounts.h"
#include "enrich/read_budget.h"
#include "model/cgroup_info.h"
#include "util/procfs.h"

namespace rqs {

/// Remembers at most 4096 cgroups, and reads at most 256 files in ReadBudget::period_ns.
class CgroupNames {
  public:
    static constexpr std::size_t capacity = 4096;
    static constexpr std::uint32_t reads_per_period = 256;

    explicit CgroupNames(const util::Procfs& procfs = util::Procfs());

    /// To be called after each visit of the rings; `now_ns` as ReadBudget::begin_round().
    void begin_round(std::uint64_t now_ns) { budget_.begin_round(now_ns); }

    /// A cgroup of the hierarchy that has the cpu controller, v1 or v2: Wait::sched_cgroup_id and
    /// Part::cgroup_id. nullptr: not found (yet); ask again in a later round. One that was removed
    /// stays known until others need the room. The pointer is valid until the next look-up.
    const CgroupInfo* look_up(std::uint64_t id) { return cpu_.look_up(id, budget_); }

    /// A cgroup of the v2 hierarchy: Wait::cgroup_id. Without a quota where the cpu controller is
    /// v1.
    const CgroupInfo* look_up_v2(std::uint64_t id) {
        return v2_ ? v2_->look_up(id, budget_) : look_up(id);
    }

    /// Whether the two hierarchies are two, so that an id may mean a cgroup in each.
    [[nodiscard]] bool has_two_hierarchies() const { return v2_.has_value(); }

    /// The path of look_up(); "cgroup:ID" where there is none.
    std::string name(std::uint64_t id);

  private:
    CgroupNames(const std::vector<Mount>& mounts, bool v1);

    ReadBudget budget_{reads_per_period};
    CgroupTree cpu_;
    std::optional<CgroupTree> v2_;  // where it is not the same one
};

}  // namespace rqs
