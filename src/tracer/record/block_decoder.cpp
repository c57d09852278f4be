// SPDX-License-Identifier: BSD-2-Clause
#include "record/block_decoder.h"

#include <algorithm>

#include "record/happenings.h"

namespace rqs::record {

class BlockDecoder::Columns {
  public:
    explicit Columns(const Block& block)
        : bits_(block[Column::bits], reading),
          shape(block[Column::shape], reading),
          odd_low(block[Column::odd_low], reading),
          odd_high(block[Column::odd_high], reading),
          cpu_low(block[Column::cpu_low], reading),
          cpu_high(block[Column::cpu_high], reading),
          time_(block[Column::time], reading),
          who_low(block[Column::who_low], reading),
          who_high(block[Column::who_high], reading),
          here_(block[Column::here], reading),
          elsewhere_(block[Column::elsewhere], reading),
          offset_(block[Column::offset], reading),
          irq_(block[Column::irq], reading),
          steal_(block[Column::steal], reading),
          run_delay_(block[Column::run_delay], reading),
          runtime_(block[Column::runtime], reading),
          rare_(block[Column::rare], reading),
          has_high_cpus(!block[Column::cpu_high].empty()) {}

    std::uint64_t time() { return get_number(time_, bits_, reading); }
    std::uint64_t here() { return get_number(here_, bits_, reading); }
    std::uint64_t elsewhere() { return get_number(elsewhere_, bits_, reading); }
    std::uint64_t offset() { return get_number(offset_, bits_, reading); }
    std::uint64_t irq() { return get_number(irq_, bits_, reading); }
    std::uint64_t steal() { return get_number(steal_, bits_, reading); }
    std::uint64_t run_delay() { return get_number(run_delay_, bits_, reading); }
    std::uint64_t runtime() { return get_number(runtime_, bits_, reading); }
    std::uint64_t rare() { return get_varint(rare_, reading); }

    Reading reading;  // first: the readers below point to it

  private:
    BitReader bits_;

  public:
    ByteReader shape;
    ByteReader odd_low;
    ByteReader odd_high;
    ByteReader cpu_low;
    ByteReader cpu_high;

  private:
    ByteReader time_;

  public:
    ByteReader who_low;
    ByteReader who_high;

  private:
    ByteReader here_;
    ByteReader elsewhere_;
    ByteReader offset_;
    ByteReader irq_;
    ByteReader steal_;
    ByteReader run_delay_;
    ByteReader runtime_;
    ByteReader rare_;

  public:
    bool has_high_cpus;
};

TaskNumber BlockDecoder::checked(Columns& in, std::uint64_t number) const {
    if (number >= tasks_.tasks.size()) {
        in.reading.failed = true;
        return 0;
    }
    return static_cast<TaskNumber>(number);
}

TaskNumber BlockDecoder::read_leaver(Columns& in, std::uint16_t odd) {
    const Expected::Cpu& cpu = expected_.cpu(record_.cpu);
    const TaskNumber left =
        checked(in, (odd & Odd::who_left) != 0 ? in.rare() : std::uint64_t{cpu.running});
    record_.clock_ns = cpu.clock_ns + in.time();
    record_.irq_ns = cpu.irq_ns;
    record_.steal_ns = cpu.steal_ns;
    if ((odd & Odd::irq) != 0) {
        record_.irq_ns = (cpu.irq_ns + in.irq()) & Expected::counter_mask;
    }
    if ((odd & Odd::steal) != 0) {
        record_.steal_ns = (cpu.steal_ns + in.steal()) & Expected::counter_mask;
    }
    if (in.reading.failed) {
        return left;
    }
    const Task& task = tasks_.tasks[left];
    record_.task = task.id;
    record_.ppid = task.ppid;
    record_.prio = task.prio;
    record_.policy = task.policy;
    record_.kernel_thread = task.kernel_thread;
    record_.cgroup_id = task.sched_cgroup_id;
    return left;
}

void BlockDecoder::read_wait(Columns& in, std::uint8_t shape, std::uint16_t odd,
                             const Expected::Thread& thread, Arrival& came) const {
    came.here_ns =
        (shape & Shape::after_leaving) != 0 ? record_.clock_ns - thread.left_ns : in.here();
    came.elsewhere_ns = (odd & Odd::elsewhere) != 0 ? in.elsewhere() : 0;
    came.kind = thread.kind();
    if ((odd & Odd::kind) != 0) {
        came.kind = static_cast<WaitKind>(
            std::min(in.rare(), static_cast<std::uint64_t>(WaitKind::unknown)));
    }
    came.stamped = (odd & Odd::unstamped) == 0;
    came.complete = (odd & Odd::incomplete) == 0;
    // The ledger counts on both.
    if (came.here_ns > record_.clock_ns || came.here_ns + came.elsewhere_ns < came.here_ns) {
        in.reading.failed = true;
    }
}

void BlockDecoder::read_totals(Columns& in, std::uint16_t odd, const Expected::Thread& thread,
                               Arrival& came) {
    came.run_delay_ns = thread.run_delay_ns + came.elsewhere_ns + (came.stamped ? came.here_ns : 0);
    if ((odd & Odd::run_delay) != 0) {
        came.run_delay_ns = add_zigzag(came.run_delay_ns, in.run_delay());
    }
    came.runtime_ns = thread.runtime_ns;
    if ((odd & Odd::runtime) != 0) {
        came.runtime_ns = add_zigzag(came.runtime_ns, in.runtime());
    }
}

Waker BlockDecoder::read_waker(Columns& in) {
    Waker waker;
    const TaskNumber number = checked(in, in.rare());
    const std::uint64_t where = in.rare();
    if (!in.reading.failed) {
        waker.task = tasks_.tasks[number].id;
        waker.cpu = static_cast<std::uint32_t>(where >> 1);
        waker.interrupt = (where & 1) != 0;
        in.reading.failed = where >> 1 >= cpus_;
    }
    return waker;
}

void BlockDecoder::read_arrival(Columns& in, std::uint8_t shape, std::uint16_t odd,
                                TaskNumber left) {
    std::uint64_t who = 0;
    if ((shape & Shape::as_before) != 0) {
        who = expected_.successor(left);
    } else {
        who = in.who_low.next();
        who |= std::uint64_t{in.who_high.next()} << 8;
    }
    const TaskNumber number = checked(in, who);
    if (in.reading.failed) {
        return;
    }
    const Task& task = tasks_.tasks[number];
    Expected::Thread& thread = expected_.thread(tasks_.threads[number]);
    std::uint64_t offset_ns = expected_.cpu(record_.cpu).offset_ns;
    if ((odd & Odd::offset) != 0) {
        offset_ns = add_zigzag(offset_ns, in.offset());
    }
    Arrival& came = record_.came.emplace();
    came.ts_ns = record_.clock_ns + offset_ns;
    came.task = task.id;
    came.ppid = task.ppid;
    came.prio = task.prio;
    came.policy = task.policy;
    came.kernel_thread = task.kernel_thread;
    came.cgroup_id = task.cgroup_id;
    came.sched_cgroup_id = task.sched_cgroup_id;
    read_wait(in, shape, odd, thread, came);
    read_totals(in, odd, thread, came);
    if ((shape & Shape::quota) != 0) {
        came.group = (odd & Odd::group) != 0 ? static_cast<std::uint32_t>(in.rare()) : thread.group;
    }
    if ((odd & Odd::waker) != 0) {
        came.waker = read_waker(in);
    }
    expected_.come(record_.cpu, came, record_.clock_ns, number, left, thread);
}

void BlockDecoder::read_switch(Columns& in) {
    const std::uint8_t shape = in.shape.next();
    std::uint16_t odd = 0;
    if ((shape & Shape::odd) != 0) {
        odd = in.odd_low.next();
        odd |= static_cast<std::uint16_t>(in.odd_high.next() << 8);
    }
    record_.cpu = in.cpu_low.next();
    if (in.has_high_cpus) {
        record_.cpu |= std::uint32_t{in.cpu_high.next()} << 8;
    }
    if (record_.cpu >= cpus_) {
        in.reading.failed = true;
        return;
    }
    record_.left = static_cast<Left>(
        std::min<std::uint8_t>(shape & Shape::left_mask, static_cast<std::uint8_t>(Left::unknown)));
    record_.follows = (odd & Odd::gap) == 0;
    const std::uint64_t since = (odd & Odd::since) != 0 ? in.rare() : 0;
    const TaskNumber left = read_leaver(in, odd);
    if (in.reading.failed) {
        return;
    }
    record_.since_ns.reset();
    if ((odd & Odd::since) != 0) {
        const std::uint64_t since_ns =
            record_.clock_ns - static_cast<std::uint64_t>(unzigzag(since));
        in.reading.failed = since_ns > record_.clock_ns;
        record_.since_ns = since_ns;
    }
    expected_.leave(record_.cpu, record_, left, expected_.thread(tasks_.threads[left]));
    record_.came.reset();
    if ((shape & Shape::came) != 0) {
        read_arrival(in, shape, odd, left);
    }
    // Expectations know of a gap only what the block says; whoever reads on knows more.
    if (record_.cpu >= seen_cpus_.size()) {
        seen_cpus_.resize(std::size_t{record_.cpu} + 1);
    }
    record_.follows = record_.follows && (continues_ || seen_cpus_[record_.cpu]);
    seen_cpus_[record_.cpu] = true;
}

Status BlockDecoder::decode(const Block& block, bool continues, RecordHandler& handler) {
    Columns in(block);
    HappeningReader context(block[Column::context], cpus_, in.reading);
    HappeningReader happenings(block[Column::happenings], cpus_, in.reading);
    tasks_.read(block[Column::tasks], in.reading);
    expected_.clear();
    seen_cpus_.clear();
    continues_ = continues;
    while (context.gap() != UINT64_MAX && !in.reading.failed) {
        context.take(handler);
    }
    std::uint64_t since = 0;
    while (!in.reading.failed && !handler.done()) {
        if (happenings.gap() <= since) {
            since = 0;
            happenings.take(handler);
        } else if (!in.shape.ended()) {
            read_switch(in);
            ++since;
            if (!in.reading.failed) {
                handler.on_switch(record_);
            }
        } else if (happenings.gap() != UINT64_MAX) {
            in.reading.failed = true;  // it would lie behind the last switch
        } else {
            break;
        }
    }
    return in.reading.failed ? fail("a block is not what the format says") : Status{};
}

}  // namespace rqs::record
