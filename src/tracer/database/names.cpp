// SPDX-License-Identifier: BSD-2-Clause
#include "database/names.h"

#include <cstring>
#include <string>

#include "util/hash.h"
#include "util/safe_text.h"

namespace rqs::database {
namespace {

constexpr std::size_t cached_tasks = 1U << 15;
constexpr std::size_t cached_cgroups = 1U << 11;

bool same(const TaskId& a, const TaskId& b) {
    return a.tid == b.tid && a.pid == b.pid && a.comm == b.comm;
}

std::size_t hash(const TaskId& task) {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    std::memcpy(&first, task.comm.bytes.data(), sizeof first);
    std::memcpy(&second, task.comm.bytes.data() + sizeof first, sizeof second);
    const std::uint64_t ids = (std::uint64_t{task.tid} << 32) | task.pid;
    return util::hash(util::hash(util::hash(ids) ^ first) ^ second);
}

}  // namespace

Names::Names(Connection& connection, const KnownNames& names)
    : names_(names),
      tasks_(cached_tasks),
      cgroups_(cached_cgroups),
      // An update that changes nothing: without one there is no row to return.
      add_task_(connection,
                "INSERT INTO tasks (tid, pid, comm) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET tid = tid RETURNING id"),
      add_process_(connection, "REPLACE INTO processes VALUES (?, ?, ?, ?)"),
      add_cgroup_(connection,
                  "INSERT INTO cgroups (kernel_id, hierarchy, path, weight, quota_us, period_us, "
                  "quota_path) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                  "path = coalesce(excluded.path, path), "
                  "weight = coalesce(excluded.weight, weight), "
                  "quota_us = coalesce(excluded.quota_us, quota_us), "
                  "period_us = coalesce(excluded.period_us, period_us), "
                  "quota_path = coalesce(excluded.quota_path, quota_path) RETURNING id"),
      last_task_(connection, "SELECT max(id) FROM tasks"),
      pid_(connection, "SELECT pid FROM tasks WHERE id = ?"),
      last_cgroup_(connection, "SELECT max(id) FROM cgroups"),
      kernel_id_(connection, "SELECT kernel_id FROM cgroups WHERE id = ?"),
      is_v2_(connection, "SELECT hierarchy = 'v2' FROM cgroups WHERE id = ?") {}

std::int64_t Names::task(const TaskId& task) {
    CachedTask& cached = tasks_[hash(task) % cached_tasks];
    if (cached.row == 0 || !same(cached.task, task)) {
        cached.row = add_task_.number(task.tid, task.pid, util::valid_utf8(task.comm.view()));
        cached.task = task;
        write_process(task.pid);
    }
    return cached.row;
}

void Names::write_process(std::uint32_t pid) {
    const ProcessInfo* const info = names_.process(pid);
    if (info == nullptr) {
        return;
    }
    std::optional<std::uint32_t> parent;
    std::optional<std::string> parent_comm;
    if (info->ppid != 0) {
        parent = info->ppid;
    }
    if (!info->parent_comm.view().empty()) {
        parent_comm = util::valid_utf8(info->parent_comm.view());
    }
    add_process_.run(pid, util::valid_utf8(info->comm.view()), parent, parent_comm);
}

const CgroupInfo* Names::told(std::uint64_t kernel_id, Hierarchy hierarchy) const {
    return hierarchy == Hierarchy::v2 ? names_.v2_cgroup(kernel_id) : names_.cgroup(kernel_id);
}

std::int64_t Names::write_cgroup(std::uint64_t kernel_id, Hierarchy hierarchy) {
    std::optional<std::string> path;
    std::optional<std::uint64_t> weight;
    std::optional<std::uint64_t> quota_us;
    std::optional<std::uint64_t> period_us;
    std::optional<std::string> quota_path;
    if (const CgroupInfo* const info = told(kernel_id, hierarchy)) {
        path = util::valid_utf8(info->path);
        weight = info->weight;
        quota_us = info->quota_us;
        if (quota_us) {
            period_us = info->period_us;
            quota_path = util::valid_utf8(info->quota_path);
        }
    }
    return add_cgroup_.number(kernel_id, hierarchy == Hierarchy::v2 ? "v2" : "cpu", path, weight,
                              quota_us, period_us, quota_path);
}

std::optional<std::int64_t> Names::cgroup(std::uint64_t kernel_id, Hierarchy hierarchy) {
    if (kernel_id == 0) {
        return std::nullopt;
    }
    CachedCgroup& cached = cgroups_[util::hash(kernel_id) % cached_cgroups];
    const bool here =
        cached.row != 0 && cached.kernel_id == kernel_id && cached.hierarchy == hierarchy;
    if (here && cached.told) {
        return cached.row;
    }
    // A name may be told later than the first task of its cgroup comes up.
    const bool now_told = told(kernel_id, hierarchy) != nullptr;
    if (!here || now_told) {
        cached = {write_cgroup(kernel_id, hierarchy), kernel_id, hierarchy, now_told};
    }
    return cached.row;
}

// Rows are never deleted: their ids have no holes.
void Names::complete() {
    const std::int64_t tasks = last_task_.number();
    for (std::int64_t row = 1; row <= tasks; ++row) {
        write_process(static_cast<std::uint32_t>(pid_.number(row)));
    }
    const std::int64_t cgroups = last_cgroup_.number();
    for (std::int64_t row = 1; row <= cgroups; ++row) {
        (void)write_cgroup(static_cast<std::uint64_t>(kernel_id_.number(row)),
                           is_v2_.number(row) != 0 ? Hierarchy::v2 : Hierarchy::cpu);
    }
}

}  // namespace rqs::database
