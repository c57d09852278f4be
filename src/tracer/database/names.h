// SPDX-License-Identifier: BSD-2-Clause
// Tasks, processes and cgroups as rows, each written when it first comes up.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "database/connection.h"
#include "model/event.h"
#include "model/known_names.h"

namespace rqs::database {

/// Gives the rows' ids to those who write other rows. The database is the memory of what has a row;
/// a cache of fixed size in front of it keeps the asking cheap: 2 MiB for tasks, 64 KiB for
/// cgroups.
class Names {
  public:
    enum class Hierarchy : std::uint8_t { cpu, v2 };

    /// Both must outlive it.
    Names(Connection& connection, const KnownNames& names);

    [[nodiscard]] std::int64_t task(const TaskId& task);
    /// Nothing for id 0, which is no cgroup.
    [[nodiscard]] std::optional<std::int64_t> cgroup(std::uint64_t kernel_id, Hierarchy hierarchy);

    /// Writes what was told since the rows were made.
    void complete();

  private:
    struct CachedTask {
        std::int64_t row = 0;  // 0: empty
        TaskId task;
    };
    struct CachedCgroup {
        std::int64_t row = 0;
        std::uint64_t kernel_id = 0;
        Hierarchy hierarchy = Hierarchy::cpu;
        bool told = false;
    };

    void write_process(std::uint32_t pid);
    std::int64_t write_cgroup(std::uint64_t kernel_id, Hierarchy hierarchy);
    [[nodiscard]] const CgroupInfo* told(std::uint64_t kernel_id, Hierarchy hierarchy) const;

    const KnownNames& names_;
    std::vector<CachedTask> tasks_;
    std::vector<CachedCgroup> cgroups_;
    Statement add_task_;
    Statement add_process_;
    Statement add_cgroup_;
    Statement last_task_;
    Statement pid_;
    Statement last_cgroup_;
    Statement kernel_id_;
    Statement is_v2_;
};

}  // namespace rqs::database
