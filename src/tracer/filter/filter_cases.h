// SPDX-License-Identifier: BSD-2-Clause
// What each filter lets through, as data: the filters of the kernel side (bpf/filter.bpf.h) and of
// user space (filter/wait_filter.h) are the same filters, and each is run against this table.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace rqs::filter_cases {

/// A thread whose waits are looked at. Ids are not known before it lives, so that it and what
/// belongs to it are told by number.
struct Task {
    unsigned process;    ///< threads of one number are one process
    const char* comm;    ///< at most 15 bytes
    unsigned cpu;        ///< pinned to the first (0) or the second (1) CPU of the test
    const char* cgroup;  ///< below a directory that the test makes, with a leading slash
};

/// Filters as in `Filters`; what is empty is off.
struct Case {
    const char* name;
    std::vector<unsigned> processes;  ///< -p
    std::vector<std::size_t> tasks;   ///< -t: indexes of `tasks`
    std::string comm;                 ///< -c
    std::vector<unsigned> cpus;       ///< --cpu
    std::string cgroup;               ///< --cgroup, below the test's directory
    std::vector<std::size_t> wanted;  ///< indexes of `tasks`: these come through, no other
};

/// A process has one cgroup, since cgroups v2 does not divide processes unless told to.
inline const std::vector<Task> tasks{
    {0, "rqs-filter-a", 0, "/one"},           // 0
    {0, "rqs-filt-second", 1, "/one"},        // 1: 15 bytes
    {0, "other-name", 0, "/one"},             // 2
    {1, "rqs-filter-b", 0, "/one/inner"},     // 3
    {1, "rqs-filt-secon", 1, "/one/inner"},   // 4: a byte less
    {1, "rqs-filt-seconX", 1, "/one/inner"},  // 5: another last byte
    {2, "RQS-filter-a", 0, "/one-more"},      // 6
    {2, "x-rqs-filter-a", 1, "/one-more"},    // 7
};

inline const std::vector<Case> cases{
    {"none", {}, {}, "", {}, "", {0, 1, 2, 3, 4, 5, 6, 7}},
    {"one process", {0}, {}, "", {}, "", {0, 1, 2}},
    {"two processes", {0, 2}, {}, "", {}, "", {0, 1, 2, 6, 7}},
    {"one thread", {}, {1}, "", {}, "", {1}},
    {"the main thread is not its process", {}, {0}, "", {}, "", {0}},
    {"threads of two processes", {}, {1, 5}, "", {}, "", {1, 5}},
    {"process and thread must both hold", {0}, {2, 5}, "", {}, "", {2}},
    {"a thread of another process", {0}, {5}, "", {}, "", {}},
    {"name", {}, {}, "other-name", {}, "", {2}},
    {"beginning of a name", {}, {}, "rqs-filter-", {}, "", {0, 3}},
    {"one byte of a name", {}, {}, "r", {}, "", {0, 1, 3, 4, 5}},
    {"all 15 bytes of a name", {}, {}, "rqs-filt-second", {}, "", {1}},
    {"14 of 15 bytes", {}, {}, "rqs-filt-secon", {}, "", {1, 4, 5}},
    {"more than the name has", {}, {}, "other-name-", {}, "", {}},
    {"case counts", {}, {}, "RQS-", {}, "", {6}},
    {"one CPU", {}, {}, "", {0}, "", {0, 2, 3, 6}},
    {"the other CPU", {}, {}, "", {1}, "", {1, 4, 5, 7}},
    {"both CPUs", {}, {}, "", {0, 1}, "", {0, 1, 2, 3, 4, 5, 6, 7}},
    {"cgroup with what is below it", {}, {}, "", {}, "/one", {0, 1, 2, 3, 4, 5}},
    {"cgroup below another", {}, {}, "", {}, "/one/inner", {3, 4, 5}},
    {"cgroup with a slash at the end", {}, {}, "", {}, "/one/", {0, 1, 2, 3, 4, 5}},
    {"cgroup whose name is longer", {}, {}, "", {}, "/one-more", {6, 7}},
    {"process and name", {1}, {}, "rqs-filt-", {}, "", {4, 5}},
    {"process and CPU", {0}, {}, "", {1}, "", {1}},
    {"name and cgroup", {}, {}, "rqs-filter-", {}, "/one/inner", {3}},
    {"process outside the cgroup", {2}, {}, "", {}, "/one", {}},
    {"all of them", {1}, {4, 5}, "rqs-filt-secon", {1}, "/one", {4, 5}},
    {"all of them but one", {1}, {4, 5}, "rqs-filt-secon", {0}, "/one", {}},
};

}  // namespace rqs::filter_cases
