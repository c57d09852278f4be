// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/cgroup_names.h"

#include <fmt/format.h>

#include "enrich/cgroups.h"

namespace rqs {
namespace {

std::string point_of(const std::optional<Mount>& mount) {
    return mount ? mount->point : "";
}

}  // namespace

CgroupNames::CgroupNames(const util::Procfs& procfs)
    : CgroupNames(read_mounts(procfs), cpu_controller_is_v1(procfs)) {}

CgroupNames::CgroupNames(const std::vector<Mount>& mounts, bool v1)
    : cpu_(point_of(v1 ? find_cgroup_v1(mounts, "cpu") : find_cgroup_v2(mounts)),
           v1 ? QuotaFiles::v1 : QuotaFiles::v2, v1 ? capacity / 2 : capacity) {
    if (v1) {
        v2_.emplace(point_of(find_cgroup_v2(mounts)), QuotaFiles::none, capacity / 2);
    }
}

std::string CgroupNames::name(std::uint64_t id) {
    const CgroupInfo* const info = look_up(id);
    return info != nullptr ? info->path : fmt::format("cgroup:{}", id);
}

}  // namespace rqs
