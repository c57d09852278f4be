// SPDX-License-Identifier: BSD-2-Clause
// What a block's reader expects of the next switch, and its writer too: only what is otherwise is
// written. Both keep this in step; it begins anew with each block, so that each can be read alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "record/block.h"
#include "record/task_table.h"

namespace rqs::record {

class Expected {
  public:
    struct Cpu {
        std::uint64_t clock_ns = 0;  ///< of the last switch
        std::uint64_t irq_ns = 0;
        std::uint64_t steal_ns = 0;
        std::uint64_t offset_ns = 0;   ///< CLOCK_MONOTONIC less its clock, as it was last
        TaskNumber running = no_task;  ///< who is expected to leave
        TaskNumber idle = no_task;     ///< its idle task, once that was seen
        bool arrival_seen = false;     ///< of who is running
    };
    struct Thread {
        std::uint64_t left_ns = 0;  ///< its CPU's clock when it left
        std::uint32_t left_cpu = UINT32_MAX;
        Left left = Left::unknown;
        std::uint32_t group = 0;  ///< whose quota held for it last
        std::uint64_t run_delay_ns = 0;
        std::uint64_t runtime_ns = 0;

        /// It is still runnable, so its wait has begun when it left.
        [[nodiscard]] bool waits_since_leaving(std::uint32_t cpu) const {
            return left_cpu == cpu && (left == Left::preempted || left == Left::yielded);
        }
        [[nodiscard]] WaitKind kind() const {
            return left == Left::preempted ? WaitKind::preempted
                   : left == Left::yielded ? WaitKind::yielded
                                           : WaitKind::woken;
        }
    };

    /// `number` below Limits::cpus.
    Cpu& cpu(std::uint32_t number) {
        if (number >= cpus_.size()) {
            cpus_.resize(std::size_t{number} + 1);
        }
        return cpus_[number];
    }
    Thread& thread(std::uint32_t thread) {
        if (thread >= threads_.size()) {
            threads_.resize(std::size_t{thread} + 1);
        }
        return threads_[thread];
    }
    /// Who came after this one when it left last.
    TaskNumber& successor(TaskNumber number) {
        if (number >= successors_.size()) {
            successors_.resize(std::size_t{number} + 1, no_task);
        }
        return successors_[number];
    }

    /// To be called with what a switch has told of who left, before its arrival.
    void leave(std::uint32_t cpu_number, const Switch& record, TaskNumber left, Thread& thread) {
        Cpu& cpu = cpus_[cpu_number];
        if (cpu.arrival_seen && cpu.running == left && record.follows) {
            const std::uint64_t taken_ns = ((record.irq_ns - cpu.irq_ns) & counter_mask) +
                                           ((record.steal_ns - cpu.steal_ns) & counter_mask);
            thread.runtime_ns += record.clock_ns - cpu.clock_ns - taken_ns;
        }
        thread.left_ns = record.clock_ns;
        thread.left_cpu = cpu_number;
        thread.left = record.left;
        cpu.clock_ns = record.clock_ns;
        cpu.irq_ns = record.irq_ns;
        cpu.steal_ns = record.steal_ns;
        if (record.task.tid == 0) {
            cpu.idle = left;
        }
        cpu.running = cpu.idle;
        cpu.arrival_seen = false;
    }
    /// And with what it has told of who came.
    void come(std::uint32_t cpu_number, const Arrival& came, std::uint64_t clock_ns,
              TaskNumber number, TaskNumber after, Thread& thread) {
        Cpu& cpu = cpus_[cpu_number];
        cpu.running = number;
        cpu.arrival_seen = true;
        cpu.offset_ns = came.ts_ns - clock_ns;
        thread.run_delay_ns = came.run_delay_ns;
        thread.runtime_ns = came.runtime_ns;
        if (came.group != 0) {
            thread.group = came.group;
        }
        thread.left_cpu = UINT32_MAX;
        successor(after) = number;
    }

    void clear() {
        cpus_.clear();
        threads_.clear();
        successors_.clear();
    }

    static constexpr std::uint64_t counter_mask = Switch::counter_span_ns - 1;

  private:
    std::vector<Cpu> cpus_;
    std::vector<Thread> threads_;
    std::vector<TaskNumber> successors_;
};

}  // namespace rqs::record
