// SPDX-License-Identifier: BSD-2-Clause
#include "filter/wait_filter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "filter/filter_cases.h"

namespace rqs {
namespace {

constexpr std::uint64_t first_cgroup_id = 5000;

std::uint32_t pid_of(unsigned process) {
    return 1000 + 100 * process;
}

/// As the kernel gives them: a process's first thread has its process's id.
std::uint32_t tid_of(std::size_t task) {
    std::size_t first = task;
    while (first > 0 &&
           filter_cases::tasks[first - 1].process == filter_cases::tasks[task].process) {
        --first;
    }
    return pid_of(filter_cases::tasks[task].process) + static_cast<std::uint32_t>(task - first);
}

/// A switch that ends a wait of the task.
Switch brings(std::size_t index) {
    const filter_cases::Task& task = filter_cases::tasks[index];
    Switch record;
    record.cpu = task.cpu;
    record.task = {1, 1, Comm::from("whoever-left")};
    record.cgroup_id = 1;
    Arrival& came = record.came.emplace();
    came.task = {tid_of(index), pid_of(task.process), Comm::from(task.comm)};
    came.cgroup_id = first_cgroup_id + index;
    came.sched_cgroup_id = 1;  // with v1, the other hierarchy's root
    return record;
}

/// What a source told of the tasks' cgroups, which lie below /test.
KnownNames names_of_all() {
    KnownNames names;
    for (std::size_t i = 0; i < filter_cases::tasks.size(); ++i) {
        CgroupInfo info;
        info.id = first_cgroup_id + i;
        info.path = std::string("/test") + filter_cases::tasks[i].cgroup;
        names.learn(info);
    }
    return names;
}

Filters filters_of(const filter_cases::Case& row) {
    Filters filters;
    for (const unsigned process : row.processes) {
        filters.pids.push_back(pid_of(process));
    }
    for (const std::size_t task : row.tasks) {
        filters.tids.push_back(tid_of(task));
    }
    filters.comm_prefix = row.comm;
    filters.cpus.assign(row.cpus.begin(), row.cpus.end());
    filters.cgroup_path = row.cgroup.empty() ? "" : "/test" + row.cgroup;
    return filters;
}

std::vector<std::size_t> wanted(const WaitFilter& filter) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < filter_cases::tasks.size(); ++i) {
        const Switch record = brings(i);
        if (filter.wants(record, *record.came)) {
            found.push_back(i);
        }
    }
    return found;
}

TEST(WaitFilter, LetsThroughWhatTheTableSays) {
    const KnownNames names = names_of_all();
    for (const auto& row : filter_cases::cases) {
        const Filters filters = filters_of(row);
        EXPECT_EQ(wanted(WaitFilter(filters, names)), row.wanted) << row.name;
    }
}

TEST(WaitFilter, WithoutFiltersTakesEverything) {
    EXPECT_EQ(wanted(WaitFilter()).size(), filter_cases::tasks.size());
}

TEST(WaitFilter, TheRootCgroupHoldsAllThatAreKnown) {
    Filters filters;
    filters.cgroup_path = "/";
    const KnownNames names = names_of_all();
    EXPECT_EQ(wanted(WaitFilter(filters, names)).size(), filter_cases::tasks.size());
    const KnownNames nothing;
    EXPECT_TRUE(wanted(WaitFilter(filters, nothing)).empty());
}

// Who left the CPU and its cgroup do not matter.
TEST(WaitFilter, AsksWhoCame) {
    Switch record = brings(0);
    record.task = {7, 7, Comm::from("wanted")};
    const KnownNames names;
    Filters filters;
    filters.pids = {7};
    EXPECT_FALSE(WaitFilter(filters, names).wants(record, *record.came));
    filters = {};
    filters.comm_prefix = "wanted";
    EXPECT_FALSE(WaitFilter(filters, names).wants(record, *record.came));
}

TEST(WaitFilter, KnowsWhatOnlyAKernelCanApply) {
    Filters filters;
    EXPECT_EQ(WaitFilter::unsupported(filters), "");
    filters.pids = {1};
    filters.cgroup_path = "/x";
    EXPECT_EQ(WaitFilter::unsupported(filters), "");
    filters.mntns_map = "/sys/fs/bpf/mounts";
    EXPECT_EQ(WaitFilter::unsupported(filters), "--mntnsmap");
    filters.cgroup_map = "/sys/fs/bpf/cgroups";
    EXPECT_EQ(WaitFilter::unsupported(filters), "--cgroupmap");
}

}  // namespace
}  // namespace rqs
