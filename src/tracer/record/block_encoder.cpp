// SPDX-License-Identifier: BSD-2-Clause
#include "record/block_encoder.h"

#include <algorithm>
#include <utility>

namespace rqs::record {

// The high bytes only from the first CPU on that needs one.
void BlockEncoder::put_cpu(std::uint32_t cpu) {
    block_[Column::cpu_low].push_back(static_cast<std::uint8_t>(cpu));
    Bytes& high = block_[Column::cpu_high];
    if (cpu >= 256 || !high.empty()) {
        high.resize(block_.summary.switches);
        high.push_back(static_cast<std::uint8_t>(cpu >> 8));
    }
}

TaskNumber BlockEncoder::put_leaver(const Switch& record, Expected::Cpu& cpu) {
    const TaskNumber left = tasks_.leaving(record, cpu.running);
    if (left != cpu.running) {
        odd_ |= Odd::who_left;
        put_rare(left);
    }
    put_number(Column::time, record.clock_ns - cpu.clock_ns);
    if (record.irq_ns != cpu.irq_ns) {
        odd_ |= Odd::irq;
        put_number(Column::irq, (record.irq_ns - cpu.irq_ns) & Expected::counter_mask);
    }
    if (record.steal_ns != cpu.steal_ns) {
        odd_ |= Odd::steal;
        put_number(Column::steal, (record.steal_ns - cpu.steal_ns) & Expected::counter_mask);
    }
    return left;
}

void BlockEncoder::put_wait(const Switch& record, const Arrival& came,
                            const Expected::Thread& thread) {
    if (thread.waits_since_leaving(record.cpu) &&
        came.here_ns == record.clock_ns - thread.left_ns) {
        shape_ |= Shape::after_leaving;
    } else {
        put_number(Column::here, came.here_ns);
    }
    if (came.elsewhere_ns != 0) {
        odd_ |= Odd::elsewhere;
        put_number(Column::elsewhere, came.elsewhere_ns);
    }
    if (came.kind != thread.kind()) {
        odd_ |= Odd::kind;
        put_rare(static_cast<std::uint64_t>(came.kind));
    }
    odd_ |= came.stamped ? 0 : Odd::unstamped;
    odd_ |= came.complete ? 0 : Odd::incomplete;
}

void BlockEncoder::put_totals(const Arrival& came, const Expected::Thread& thread) {
    const std::uint64_t run_delay_ns =
        thread.run_delay_ns + came.elsewhere_ns + (came.stamped ? came.here_ns : 0);
    if (came.run_delay_ns != run_delay_ns) {
        odd_ |= Odd::run_delay;
        put_number(Column::run_delay, zigzag_difference(came.run_delay_ns, run_delay_ns));
    }
    if (came.runtime_ns != thread.runtime_ns) {
        odd_ |= Odd::runtime;
        put_number(Column::runtime, zigzag_difference(came.runtime_ns, thread.runtime_ns));
    }
}

// The waker as a task of the table that is told by its ids and its name alone.
void BlockEncoder::put_waker(const Waker& waker) {
    Switch as_leaver;
    as_leaver.task = waker.task;
    odd_ |= Odd::waker;
    put_rare(tasks_.leaving(as_leaver, no_task));
    put_rare(std::uint64_t{waker.cpu} << 1 | (waker.interrupt ? 1 : 0));
}

void BlockEncoder::put_arrival(const Switch& record, const Arrival& came, TaskNumber left) {
    const TaskNumber number = tasks_.coming(came);
    Expected::Thread& thread = expected_.thread(tasks_.thread(number));
    Expected::Cpu& cpu = expected_.cpu(record.cpu);
    shape_ |= Shape::came;
    if (expected_.successor(left) == number) {
        shape_ |= Shape::as_before;
    } else {
        block_[Column::who_low].push_back(static_cast<std::uint8_t>(number));
        block_[Column::who_high].push_back(static_cast<std::uint8_t>(number >> 8));
    }
    const std::uint64_t offset_ns = came.ts_ns - record.clock_ns;
    if (offset_ns != cpu.offset_ns) {
        odd_ |= Odd::offset;
        put_number(Column::offset, zigzag_difference(offset_ns, cpu.offset_ns));
    }
    put_wait(record, came, thread);
    put_totals(came, thread);
    shape_ |= came.group != 0 ? Shape::quota : 0;
    if (came.group != 0 && came.group != thread.group) {
        odd_ |= Odd::group;
        put_rare(came.group);
    }
    if (came.waker) {
        put_waker(*came.waker);
    }
    expected_.come(record.cpu, came, record.clock_ns, number, left, thread);
    see(came.ts_ns);
    ++block_.summary.waits;
    block_.summary.longest_wait_ns =
        std::max(block_.summary.longest_wait_ns, came.here_ns + came.elsewhere_ns);
}

void BlockEncoder::add(const Switch& record) {
    Expected::Cpu& cpu = expected_.cpu(record.cpu);
    shape_ = static_cast<std::uint8_t>(record.left);
    odd_ = record.follows ? 0 : Odd::gap;
    put_cpu(record.cpu);
    if (record.since_ns) {
        odd_ |= Odd::since;
        put_rare(zigzag_difference(record.clock_ns, *record.since_ns));
    }
    const TaskNumber left = put_leaver(record, cpu);
    expected_.leave(record.cpu, record, left, expected_.thread(tasks_.thread(left)));
    if (record.came) {
        put_arrival(record, *record.came, left);
    }
    if (odd_ != 0) {
        shape_ |= Shape::odd;
        block_[Column::odd_low].push_back(static_cast<std::uint8_t>(odd_));
        block_[Column::odd_high].push_back(static_cast<std::uint8_t>(odd_ >> 8));
    }
    block_[Column::shape].push_back(shape_);
    ++block_.summary.switches;
    ++switches_since_;
}

Block BlockEncoder::take() {
    block_[Column::bits] = bits_.take();
    block_[Column::tasks] = tasks_.take();
    block_.summary.switches_before = switches_before_;
    block_.summary.waits_before = waits_before_;
    block_.summary.lost = std::exchange(lost_, 0);
    switches_before_ += block_.summary.switches;
    waits_before_ += block_.summary.waits;
    expected_.clear();
    switches_since_ = 0;
    notes_ = 0;
    seen_ = false;
    return std::exchange(block_, {});
}

}  // namespace rqs::record
