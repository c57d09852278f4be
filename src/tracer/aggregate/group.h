// SPDX-License-Identifier: BSD-2-Clause
// What waits are added up by: processes, threads, names, cgroups, parents or CPUs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/event.h"
#include "model/known_names.h"
#include "model/options.h"

namespace rqs {

/// What a row or a column of a report stands for.
struct Group {
    enum class Kind : std::uint8_t {
        process,
        thread,
        comm,
        cgroup,
        parent,  ///< the parent process
        cpu,
        // Parts of waits in which nobody ran, named like the ledger's parts.
        idle,
        throttled,
        elsewhere,
        irq,
        steal,
        unknown,
        others
    };
    Kind kind = Kind::others;
    std::uint64_t id = 0;   ///< pid, tid, cgroup id, the parent's pid or CPU; 0 where it is a comm
    std::string label;      ///< raw comm or cgroup path, never yet made safe; may be empty
    std::uint32_t pid = 0;  ///< the process of a thread
};

std::string_view name(Group::Kind kind);

/// Which group a task belongs to.
struct GroupKey {
    Group::Kind kind = Group::Kind::others;
    std::uint64_t id = 0;
    Comm comm;  ///< only where `kind` is comm

    bool operator==(const GroupKey&) const = default;
    bool operator<(const GroupKey& other) const;
};

struct GroupKeyHash {
    std::size_t operator()(const GroupKey& key) const;
};

/// A wait's is that of the CPU where it ended, a run's that of the CPU where the task ran.
GroupKey key_of(GroupBy by, const Wait& wait);
GroupKey key_of(GroupBy by, const Ran& run);
/// The sampler knows processes, threads and names alone.
GroupKey key_of(GroupBy by, const Interval& interval);

/// What was seen of a group's name while its members waited or ran.
struct GroupLabel {
    Comm comm;
    std::uint32_t pid = 0;
    /// Of a process: it is the main thread's comm, and not merely that of some thread.
    bool sure = false;

    /// `names` may be null.
    void see(const GroupKey& key, const TaskId& task, const KnownNames* names);
};

/// A group by its name: as `names` (may be null) has it now, else as it was seen.
Group group_of(const GroupKey& key, const GroupLabel& seen, const KnownNames* names);

}  // namespace rqs
