// SPDX-License-Identifier: BSD-2-Clause
// The tasks of a block by number. A task whose name, priority or cgroup changes gets another
// number, so that a switch is told by two of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/event.h"
#include "model/record.h"
#include "record/numbers.h"

namespace rqs::record {

using TaskNumber = std::uint32_t;
constexpr TaskNumber no_task = UINT32_MAX;

struct Task {
    TaskId id;
    std::uint32_t ppid = 0;
    std::int16_t prio = 120;
    Policy policy = Policy::other;
    bool kernel_thread = false;
    std::uint64_t sched_cgroup_id = 0;
    std::uint64_t cgroup_id = 0;  ///< in the v2 hierarchy; what is seen leaving does not tell it
};

/// Whose leaving, or coming, a switch tells.
Task task_leaving(const Switch& record);
Task task_coming(const Arrival& came);

/// Numbers for the tasks of a block that is written.
class TaskTable {
  public:
    TaskTable() : heads_(buckets, no_task) {}

    /// The number of who leaves, or comes, which is added where it is not there. `likely` is looked
    /// at first and may be no_task.
    TaskNumber leaving(const Switch& record, TaskNumber likely);
    TaskNumber coming(const Arrival& came);

    [[nodiscard]] std::size_t size() const { return tasks_.size(); }
    [[nodiscard]] const std::vector<Task>& tasks() const { return tasks_; }
    /// Counts threads: tasks of one tid have the same.
    [[nodiscard]] std::uint32_t thread(TaskNumber number) const { return threads_[number]; }

    /// The column; begins anew.
    Bytes take();

  private:
    static constexpr std::size_t buckets = std::size_t{1} << 14;

    template <typename Same>
    TaskNumber find(std::uint32_t tid, Same same) const;
    TaskNumber add(const Task& task);

    std::vector<Task> tasks_;
    std::vector<TaskNumber> next_;  // in the bucket
    std::vector<std::uint32_t> threads_;
    std::vector<TaskNumber> heads_;
    std::uint32_t thread_count_ = 0;
    Bytes column_;
};

/// The tasks of a block that is read, by number, and the thread of each.
struct TaskList {
    std::vector<Task> tasks;
    std::vector<std::uint32_t> threads;
    std::uint32_t thread_count = 0;

    /// More than Limits::tasks fail the reading.
    void read(ByteView column, Reading& reading);
};

}  // namespace rqs::record
