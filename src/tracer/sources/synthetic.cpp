// SPDX-License-Identifier: BSD-2-Clause
#include "sources/synthetic.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "sources/kernel_clock.h"

namespace rqs {
namespace {

constexpr std::uint64_t us = 1000;
constexpr std::uint32_t first_tid = 1000;
constexpr std::uint32_t threads_a_process = 4;

}  // namespace

SyntheticSource::SyntheticSource(const SourceOptions& options, Machine machine)
    : machine_(machine), min_ns_(options.min_us * us) {
    std::uint32_t tid = first_tid;
    for (std::uint32_t id = 0; id < machine_.cpus; ++id) {
        Cpu& cpu = cpus_.emplace_back();
        for (std::uint32_t i = 0; i < std::max(machine_.tasks_a_cpu, 2U); ++i) {
            cpu.tasks.push_back(make_task(tid++));
        }
    }
}

// Marsaglia's xorshift64.
std::uint64_t SyntheticSource::below(std::uint64_t limit) {
    numbers_ ^= numbers_ << 13U;
    numbers_ ^= numbers_ >> 7U;
    numbers_ ^= numbers_ << 17U;
    return numbers_ % limit;
}

SyntheticSource::Task SyntheticSource::make_task(std::uint32_t tid) {
    static constexpr std::array<std::string_view, 8> names{
        "web", "ffmpeg", "kworker/0:1", "postgres", "java", "node", "cc1plus", "sshd"};
    Task task;
    task.id.tid = tid;
    task.id.pid = tid - tid % threads_a_process;
    task.id.comm = Comm::from(names.at(task.id.pid / threads_a_process % names.size()));
    task.cgroup_id = 1 + task.id.pid % names.size();
    return task;
}

Status SyntheticSource::start() {
    began_ns_ = now_ns_ = kernel_monotonic_ns();
    for (Cpu& cpu : cpus_) {
        cpu.clock_ns = began_ns_;
        for (Task& task : cpu.tasks) {
            task.left_ns = began_ns_;
        }
    }
    return {};
}

Arrival SyntheticSource::arrive(Task& task, std::uint64_t clock_ns) const {
    Arrival came;
    came.ts_ns = clock_ns;
    came.here_ns = clock_ns - task.left_ns;
    came.task = task.id;
    came.cgroup_id = came.sched_cgroup_id = task.cgroup_id;
    came.prio = task.prio;
    came.kind = task.id.tid % 2 == 0 ? WaitKind::preempted : WaitKind::woken;
    task.waited_ns += came.here_ns;
    came.run_delay_ns = task.waited_ns;
    came.runtime_ns = task.ran_ns;
    return came;
}

void SyntheticSource::step(RecordHandler& handler) {
    const auto id = static_cast<std::uint32_t>(turn_);
    Cpu& cpu = cpus_[turn_];
    turn_ = turn_ + 1 == cpus_.size() ? 0 : turn_ + 1;
    const std::uint64_t slice = machine_.slice_ns / 2 + below(machine_.slice_ns);
    // Every CPU's clock is a little further on, so that time never goes back.
    const std::uint64_t clock_ns = std::max(cpu.clock_ns + slice, now_ns_ + 1);
    Task& left = cpu.tasks[cpu.running];
    Switch record;
    record.cpu = id;
    record.clock_ns = now_ns_ = clock_ns;
    record.follows = cpu.clock_ns != began_ns_;
    record.task = left.id;
    record.left = Left::preempted;
    record.prio = left.prio;
    record.cgroup_id = left.cgroup_id;
    left.ran_ns += clock_ns - cpu.clock_ns;
    left.left_ns = clock_ns;
    cpu.clock_ns = clock_ns;
    cpu.running = cpu.running + 1 == cpu.tasks.size() ? 0 : cpu.running + 1;
    const Arrival came = arrive(cpu.tasks[cpu.running], clock_ns);
    ++counters_.seen;
    if (min_ns_ == 0 || came.here_ns > min_ns_) {
        record.came = came;
    }
    handler.on_switch(record);
}

Status SyntheticSource::poll(std::chrono::milliseconds timeout, RecordHandler& handler) {
    constexpr int between_clock_readings = 1024;
    const auto end = std::chrono::steady_clock::now() + timeout;
    do {
        for (int i = 0; i < between_clock_readings; ++i) {
            if (handler.done()) {
                return {};
            }
            step(handler);
        }
        handler.on_reached(now_ns_);
    } while (std::chrono::steady_clock::now() < end);
    return {};
}

Status SyntheticSource::finish(RecordHandler& /*handler*/) {
    return {};
}

}  // namespace rqs
