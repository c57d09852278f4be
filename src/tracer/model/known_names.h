// SPDX-License-Identifier: BSD-2-Clause
// What the source told of processes and cgroups, for those who print them.
#pragma once

#include <cstdint>

#include "model/cgroup_info.h"
#include "model/process_info.h"
#include "util/bounded_cache.h"

namespace rqs {

/// The last so many that were told or asked for: bounded whatever comes.
class KnownNames {
  public:
    static constexpr std::size_t capacity = 8192;

    void learn(const ProcessInfo& info) { keep(processes_, info.pid, info); }
    void learn(const CgroupInfo& info) { keep(info.of_v2 ? v2_cgroups_ : cgroups_, info.id, info); }

    /// Nothing where it was not told, or long ago. Valid until the next one is told.
    [[nodiscard]] const ProcessInfo* process(std::uint32_t pid) const {
        return processes_.find(pid);
    }
    /// In the hierarchy of the cpu controller: Wait::sched_cgroup_id.
    [[nodiscard]] const CgroupInfo* cgroup(std::uint64_t id) const { return cgroups_.find(id); }
    /// In the v2 hierarchy, which may be the same one: Wait::cgroup_id.
    [[nodiscard]] const CgroupInfo* v2_cgroup(std::uint64_t id) const {
        return v2_cgroups_.size() > 0 ? v2_cgroups_.find(id) : cgroups_.find(id);
    }

  private:
    template <typename Info>
    static void keep(util::BoundedCache<Info>& cache, std::uint64_t key, const Info& info) {
        Info* const known = cache.find(key);
        *(known != nullptr ? known : cache.add(key)) = info;
    }

    // Being asked for is a use, which is noted.
    mutable util::BoundedCache<ProcessInfo> processes_{capacity};
    mutable util::BoundedCache<CgroupInfo> cgroups_{capacity};
    mutable util::BoundedCache<CgroupInfo> v2_cgroups_{
        capacity};  // where that is another hierarchy
};

}  // namespace rqs
