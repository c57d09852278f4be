// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/group.h"

#include <array>
#include <cstring>
#include <tuple>

namespace rqs {
namespace {

void see_process(GroupLabel& label, const TaskId& task, const KnownNames* names) {
    if (task.tid == task.pid) {
        label.comm = task.comm;
        label.sure = true;
        return;
    }
    if (label.sure) {
        return;
    }
    // Names are forgotten when too many processes come and go: it is taken while it is known.
    const ProcessInfo* told = names == nullptr ? nullptr : names->process(task.pid);
    label.comm = told == nullptr ? task.comm : told->comm;
    label.sure = told != nullptr;
}

void see_parent(GroupLabel& label, const GroupKey& key, const TaskId& task,
                const KnownNames* names) {
    const ProcessInfo* told = label.sure || names == nullptr ? nullptr : names->process(task.pid);
    if (told != nullptr && told->ppid == key.id) {
        label.comm = told->parent_comm;
        label.sure = true;
    }
}

std::string process_name(const GroupKey& key, const GroupLabel& seen, const KnownNames* names) {
    const ProcessInfo* told =
        names == nullptr ? nullptr : names->process(static_cast<std::uint32_t>(key.id));
    return std::string(told == nullptr ? seen.comm.view() : told->comm.view());
}

std::string cgroup_path(const GroupKey& key, const KnownNames* names) {
    const CgroupInfo* told = names == nullptr ? nullptr : names->cgroup(key.id);
    return told == nullptr ? std::string() : told->path;
}

/// What a task can be grouped by.
struct Member {
    const TaskId& task;
    std::uint32_t ppid;
    std::uint64_t cgroup_id;  ///< in the hierarchy of the cpu controller
    std::uint32_t cpu;
};

GroupKey key_of(GroupBy by, const Member& member) {
    switch (by) {
        case GroupBy::process:
            break;
        case GroupBy::thread:
            return {Group::Kind::thread, member.task.tid, {}};
        case GroupBy::comm:
            return {Group::Kind::comm, 0, member.task.comm};
        case GroupBy::cgroup:
            return {Group::Kind::cgroup, member.cgroup_id, {}};
        case GroupBy::parent:
            return {Group::Kind::parent, member.ppid, {}};
        case GroupBy::cpu:
            return {Group::Kind::cpu, member.cpu, {}};
    }
    return {Group::Kind::process, member.task.pid, {}};
}

}  // namespace

std::string_view name(Group::Kind kind) {
    switch (kind) {
        case Group::Kind::process:
            return "process";
        case Group::Kind::thread:
            return "thread";
        case Group::Kind::comm:
            return "comm";
        case Group::Kind::cgroup:
            return "cgroup";
        case Group::Kind::parent:
            return "parent";
        case Group::Kind::cpu:
            return "cpu";
        case Group::Kind::idle:
            return "idle";
        case Group::Kind::throttled:
            return "throttled";
        case Group::Kind::elsewhere:
            return "elsewhere";
        case Group::Kind::irq:
            return "irq";
        case Group::Kind::steal:
            return "steal";
        case Group::Kind::unknown:
            return "unknown";
        case Group::Kind::others:
            break;
    }
    return "others";
}

bool GroupKey::operator<(const GroupKey& other) const {
    return std::tie(kind, id, comm.bytes) < std::tie(other.kind, other.id, other.comm.bytes);
}

std::size_t GroupKeyHash::operator()(const GroupKey& key) const {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
    std::uint64_t h = (key.id * 16 + static_cast<std::uint64_t>(key.kind)) * odd;
    if (key.kind == Group::Kind::comm) {
        std::array<std::uint64_t, 2> halves{};
        static_assert(sizeof(halves) == sizeof(key.comm.bytes));
        std::memcpy(halves.data(), key.comm.bytes.data(), sizeof(halves));
        h = ((h ^ halves[0]) * odd ^ halves[1]) * odd;
    }
    return static_cast<std::size_t>(h ^ (h >> 32));
}

GroupKey key_of(GroupBy by, const Wait& wait) {
    return key_of(by, {wait.task, wait.ppid, wait.sched_cgroup_id, wait.cpu});
}

GroupKey key_of(GroupBy by, const Ran& run) {
    return key_of(by, {run.task, run.ppid, run.cgroup_id, run.cpu});
}

GroupKey key_of(GroupBy by, const Interval& interval) {
    return key_of(by, {interval.task, 0, 0, 0});
}

void GroupLabel::see(const GroupKey& key, const TaskId& task, const KnownNames* names) {
    switch (key.kind) {
        case Group::Kind::process:
            see_process(*this, task, names);
            break;
        case Group::Kind::thread:
            comm = task.comm;
            pid = task.pid;
            break;
        case Group::Kind::parent:
            see_parent(*this, key, task, names);
            break;
        default:  // comms are their own names, cgroups are looked up when they are shown
            break;
    }
}

Group group_of(const GroupKey& key, const GroupLabel& seen, const KnownNames* names) {
    switch (key.kind) {
        case Group::Kind::process:
        case Group::Kind::parent:
            return {key.kind, key.id, process_name(key, seen, names), 0};
        case Group::Kind::thread:
            return {key.kind, key.id, std::string(seen.comm.view()), seen.pid};
        case Group::Kind::comm:
            return {key.kind, 0, std::string(key.comm.view()), 0};
        case Group::Kind::cgroup:
            return {key.kind, key.id, cgroup_path(key, names), 0};
        case Group::Kind::cpu:
            return {key.kind, key.id, {}, 0};
        default:
            return {key.kind, 0, {}, 0};
    }
}

}  // namespace rqs
