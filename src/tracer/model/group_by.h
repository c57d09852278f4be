// SPDX-License-Identifier: BSD-2-Clause
// What victims and culprits can be summed up by (--by): one row each.
#pragma once

#include <array>
#include <string_view>

#include "model/options.h"

namespace rqs {

struct GroupByRow {
    GroupBy by;
    std::string_view name;  ///< on the command line, in JSON's `by`
    std::string_view help;
};

constexpr std::array<GroupByRow, 6> group_by_table{{
    {GroupBy::process, "process", "processes, by their main thread's name"},
    {GroupBy::thread, "thread", "single threads"},
    {GroupBy::comm, "comm", "names of threads, whatever process they belong to"},
    {GroupBy::cgroup, "cgroup", "cgroups, by their path"},
    {GroupBy::parent, "parent", "parent processes, with all their children"},
    {GroupBy::cpu, "cpu", "CPUs: where it was waited for, and who kept it"},
}};

constexpr std::string_view name(GroupBy by) {
    for (const GroupByRow& row : group_by_table) {
        if (row.by == by) {
            return row.name;
        }
    }
    return "process";
}

}  // namespace rqs
