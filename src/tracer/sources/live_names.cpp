// SPDX-License-Identifier: BSD-2-Clause
#include "sources/live_names.h"

namespace rqs {

LiveNames::LiveNames(RecordHandler& next, const Needs& needs) : next_(next), needs_(needs) {}

void LiveNames::begin_round(std::uint64_t now_ns) {
    now_ns_ = now_ns;
    processes_.begin_round(now_ns);
    cgroups_.begin_round(now_ns);
}

// What cannot be told now is asked for again at the next switch, if only the period's reads are
// spent.
template <typename LookUp>
void LiveNames::tell(Told& told, std::uint64_t id, LookUp look_up) {
    if (id != 0 && told.is_due(id, now_ns_) && !look_up()) {
        told.forget(id);
    }
}

void LiveNames::tell_process(std::uint32_t pid) {
    if (!needs_.process_names) {
        return;
    }
    tell(processes_told_, pid, [&] {
        const ProcessInfo* info = processes_.look_up(pid);
        if (info != nullptr) {
            next_.on_process(*info);
        }
        return info != nullptr;
    });
}

void LiveNames::tell_cgroup(Told& told, std::uint64_t id, bool of_v2) {
    if (!needs_.cgroup_names) {
        return;
    }
    tell(told, id, [&] {
        const CgroupInfo* found = of_v2 ? cgroups_.look_up_v2(id) : cgroups_.look_up(id);
        if (found != nullptr) {
            CgroupInfo info = *found;
            info.of_v2 = of_v2;
            next_.on_cgroup(info);
        }
        return found != nullptr;
    });
}

void LiveNames::tell_cgroups(std::uint64_t id, std::uint64_t v2_id) {
    tell_cgroup(cgroups_told_, id, false);
    if (cgroups_.has_two_hierarchies()) {
        tell_cgroup(v2_cgroups_told_, v2_id, true);
    }
}

void LiveNames::on_switch(const Switch& record) {
    tell_process(record.task.pid);
    tell_cgroup(cgroups_told_, record.cgroup_id, false);
    if (record.came) {
        tell_process(record.came->task.pid);
        tell_cgroups(record.came->sched_cgroup_id, record.came->cgroup_id);
    }
    next_.on_switch(record);
}

void LiveNames::on_stuck(const Stuck& stuck) {
    tell_process(stuck.task.pid);
    tell_cgroups(stuck.sched_cgroup_id, stuck.cgroup_id);
    next_.on_stuck(stuck);
}

void LiveNames::on_interval(const Interval& interval) {
    tell_process(interval.task.pid);
    next_.on_interval(interval);
}

}  // namespace rqs
