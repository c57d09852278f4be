// SPDX-License-Identifier: BSD-2-Clause
#include "record/task_table.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "record/block.h"
#include "util/hash.h"

namespace rqs::record {
namespace {

constexpr std::uint64_t kernel_thread_bit = 16;

bool same_comm(const Comm& a, const Comm& b) {
    return std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0;
}

/// All that who leaves tells of itself.
bool is_leaving(const Task& task, const Switch& record) {
    return task.id.tid == record.task.tid && task.id.pid == record.task.pid &&
           task.prio == record.prio && task.policy == record.policy && task.ppid == record.ppid &&
           task.kernel_thread == record.kernel_thread && task.sched_cgroup_id == record.cgroup_id &&
           same_comm(task.id.comm, record.task.comm);
}

bool is_coming(const Task& task, const Arrival& came) {
    return task.id.tid == came.task.tid && task.id.pid == came.task.pid && task.prio == came.prio &&
           task.policy == came.policy && task.ppid == came.ppid &&
           task.kernel_thread == came.kernel_thread && task.cgroup_id == came.cgroup_id &&
           task.sched_cgroup_id == came.sched_cgroup_id && same_comm(task.id.comm, came.task.comm);
}

void put_task(Bytes& out, const Task& task) {
    put_varint(out, task.id.tid);
    put_varint(out, zigzag_difference(task.id.pid, task.id.tid));
    put_varint(out, task.ppid);
    put_text(out, task.id.comm.view());
    put_varint(out, zigzag(task.prio));
    put_varint(out, static_cast<std::uint64_t>(task.policy) |
                        (task.kernel_thread ? kernel_thread_bit : 0));
    put_varint(out, task.sched_cgroup_id);
    put_varint(out, task.cgroup_id);
}

Task get_task(ByteReader& bytes, Reading& reading) {
    Task task;
    task.id.tid = static_cast<std::uint32_t>(get_varint(bytes, reading));
    task.id.pid = static_cast<std::uint32_t>(add_zigzag(task.id.tid, get_varint(bytes, reading)));
    task.ppid = static_cast<std::uint32_t>(get_varint(bytes, reading));
    task.id.comm = Comm::from(get_text(bytes, reading, Limits::text));
    task.prio = static_cast<std::int16_t>(unzigzag(get_varint(bytes, reading)));
    const std::uint64_t policy = get_varint(bytes, reading);
    task.policy = static_cast<Policy>(
        std::min<std::uint64_t>(policy & 15, static_cast<std::uint64_t>(Policy::unknown)));
    task.kernel_thread = (policy & kernel_thread_bit) != 0;
    task.sched_cgroup_id = get_varint(bytes, reading);
    task.cgroup_id = get_varint(bytes, reading);
    return task;
}

}  // namespace

Task task_leaving(const Switch& record) {
    return {record.task,
            record.ppid,
            record.prio,
            record.policy,
            record.kernel_thread,
            record.cgroup_id,
            0};
}

Task task_coming(const Arrival& came) {
    return {came.task,     came.ppid,          came.prio,
            came.policy,   came.kernel_thread, came.sched_cgroup_id,
            came.cgroup_id};
}

template <typename Same>
TaskNumber TaskTable::find(std::uint32_t tid, Same same) const {
    TaskNumber number = heads_[util::hash(tid) & (buckets - 1)];
    while (number != no_task && !same(tasks_[number])) {
        number = next_[number];
    }
    return number;
}

TaskNumber TaskTable::leaving(const Switch& record, TaskNumber likely) {
    if (likely != no_task && is_leaving(tasks_[likely], record)) {
        return likely;
    }
    const TaskNumber found =
        find(record.task.tid, [&](const Task& task) { return is_leaving(task, record); });
    return found != no_task ? found : add(task_leaving(record));
}

TaskNumber TaskTable::coming(const Arrival& came) {
    const TaskNumber found =
        find(came.task.tid, [&](const Task& task) { return is_coming(task, came); });
    return found != no_task ? found : add(task_coming(came));
}

TaskNumber TaskTable::add(const Task& task) {
    const TaskNumber relative =
        find(task.id.tid, [&](const Task& other) { return other.id.tid == task.id.tid; });
    const auto number = static_cast<TaskNumber>(tasks_.size());
    TaskNumber& head = heads_[util::hash(task.id.tid) & (buckets - 1)];
    tasks_.push_back(task);
    threads_.push_back(relative != no_task ? threads_[relative] : thread_count_++);
    next_.push_back(std::exchange(head, number));
    put_task(column_, task);
    return number;
}

Bytes TaskTable::take() {
    tasks_.clear();
    next_.clear();
    threads_.clear();
    thread_count_ = 0;
    std::fill(heads_.begin(), heads_.end(), no_task);
    return std::exchange(column_, {});
}

void TaskList::read(ByteView column, Reading& reading) {
    tasks.clear();
    threads.clear();
    std::unordered_map<std::uint32_t, std::uint32_t> by_tid;
    ByteReader bytes(column, reading);
    while (!bytes.ended() && !reading.failed) {
        if (tasks.size() >= Limits::tasks) {
            reading.failed = true;
            return;
        }
        tasks.push_back(get_task(bytes, reading));
        const auto next = static_cast<std::uint32_t>(by_tid.size());
        threads.push_back(by_tid.try_emplace(tasks.back().id.tid, next).first->second);
    }
    thread_count = static_cast<std::uint32_t>(by_tid.size());
}

}  // namespace rqs::record
