// SPDX-License-Identifier: BSD-2-Clause
#include "filter/wait_filter.h"

#include "util/contains.h"
#include "util/text.h"

namespace rqs {
namespace {

// An empty list is no filter.
bool allows(const std::vector<std::uint32_t>& wanted, std::uint32_t id) {
    return wanted.empty() || util::contains(wanted, id);
}

}  // namespace

WaitFilter::WaitFilter(const Filters& filters, const KnownNames& names)
    : filters_(&filters), names_(&names) {}

bool WaitFilter::in_cgroup(std::uint64_t id) const {
    const CgroupInfo* cgroup = names_->v2_cgroup(id);
    return cgroup != nullptr && util::is_below(cgroup->path, filters_->cgroup_path);
}

bool WaitFilter::wants(const Switch& record, const Arrival& came) const {
    if (filters_ == nullptr) {
        return true;
    }
    const std::string_view comm = came.task.comm.view();
    const std::string& prefix = filters_->comm_prefix;
    return allows(filters_->pids, came.task.pid) && allows(filters_->tids, came.task.tid) &&
           allows(filters_->cpus, record.cpu) && comm.substr(0, prefix.size()) == prefix &&
           (filters_->cgroup_path.empty() || in_cgroup(came.cgroup_id));
}

std::string_view WaitFilter::unsupported(const Filters& filters) {
    return !filters.cgroup_map.empty()  ? "--cgroupmap"
           : !filters.mntns_map.empty() ? "--mntnsmap"
                                        : "";
}

}  // namespace rqs
