// SPDX-License-Identifier: BSD-2-Clause
#include "perfetto/sched_tracks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <protozero/varint.hpp>
#include <utility>

#include "util/hash.h"

namespace rqs::perfetto {
namespace {

// As sched_switch has them since Linux 4.14, which is why the trace has to say of which kernel it
// is: of older ones 256 means something else.
constexpr std::uint32_t runnable = 0;
constexpr std::uint32_t asleep = 1;
constexpr std::uint32_t blocked = 2;
constexpr std::uint32_t stopped = 4;
constexpr std::uint32_t dead = 16;
constexpr std::uint32_t preempted = 256;
constexpr std::uint32_t unknown = 512;  // no state at all: Perfetto shows none

constexpr std::uint32_t from_soft_interrupt = 16;  // common_flags

/// Clocks of runs and of arrivals differ by less where they mean the same moment.
constexpr std::uint64_t same_moment_ns = 1000;

std::uint32_t state_of(const Ran& ran) {
    if (ran.task.tid == 0) {
        return runnable;
    }
    switch (ran.left) {
        case Left::asleep:
            return asleep;
        case Left::blocked:
            return blocked;
        case Left::stopped:
            return stopped;
        case Left::dead:
            return dead;
        case Left::preempted:
            return preempted;
        case Left::yielded:
            return runnable;
        case Left::unknown:
            break;
    }
    return unknown;
}

std::uint64_t began_ns(const Ran& ran, std::uint64_t end_ns) {
    return end_ns - std::min(end_ns, ran.length_ns);
}

std::uint8_t hash_of(const Comm& comm) {
    const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(comm.bytes);
    return static_cast<std::uint8_t>(util::hash(util::hash(words[0]) ^ words[1]));
}

/// As int32 and int64 are stored: negative ones in ten bytes.
void add_number(std::string& to, std::int64_t number) {
    protozero::add_varint_to_buffer(&to, static_cast<std::uint64_t>(number));
}

}  // namespace

std::uint32_t SchedTracks::Bundle::index_of(const Comm& comm) {
    std::uint8_t& place = places[hash_of(comm)];
    if (place == 0 || table[place - 1U] != comm) {
        table.push_back(comm);
        place = static_cast<std::uint8_t>(table.size());
    }
    return place - 1U;
}

void SchedTracks::Bundle::add(std::uint64_t ts_ns, std::uint32_t prev_state, const Next& next) {
    protozero::add_varint_to_buffer(&timestamps, ts_ns - last_ns);
    last_ns = ts_ns;
    protozero::add_varint_to_buffer(&states, prev_state);
    add_number(pids, id_of(next.tid));
    add_number(prios, next.prio);
    protozero::add_varint_to_buffer(&comms, index_of(next.comm));
    ++count;
}

void SchedTracks::Bundle::write_switches(protozero::pbf_writer& to) const {
    protozero::pbf_writer sched(to, bundle::compact_sched);
    sched.add_bytes(compact::switch_timestamp, timestamps);
    sched.add_bytes(compact::switch_prev_state, states);
    sched.add_bytes(compact::switch_next_pid, pids);
    sched.add_bytes(compact::switch_next_prio, prios);
    for (const Comm& comm : table) {
        sched.add_string(compact::intern_table, text_of(comm.view()));
    }
    sched.add_bytes(compact::switch_next_comm_index, comms);
}

bool SchedTracks::Bundle::full() const {
    constexpr std::size_t most_names = 250;  // a place is a byte
    constexpr std::size_t most_bytes = std::size_t{16} << 10;
    return count >= 1024 || table.size() >= most_names || events.size() >= most_bytes;
}

void SchedTracks::Bundle::clear() {
    count = 0;
    last_ns = 0;
    for (std::string* array : {&timestamps, &states, &pids, &prios, &comms, &events}) {
        array->clear();
    }
    table.clear();
    places.fill(0);
}

SchedTracks::Cpu* SchedTracks::cpu(std::uint32_t number) {
    if (number >= most_cpus) {
        return nullptr;
    }
    if (number >= cpus_.size()) {
        cpus_.resize(std::size_t{number} + 1);
    }
    if (!cpus_[number]) {
        cpus_[number] = std::make_unique<Cpu>();
    }
    return cpus_[number].get();
}

SchedTracks::Next SchedTracks::not_recorded(std::uint32_t number) {
    return {not_recorded_tid + number, 120, Comm::from("not recorded")};
}

void SchedTracks::add(std::uint32_t number, Cpu& cpu, std::uint64_t ts_ns, std::uint32_t prev_state,
                      const Next& next) {
    cpu.last_ns = std::max(cpu.last_ns, ts_ns);
    cpu.bundle.add(cpu.last_ns, prev_state, next);
    if (cpu.bundle.full()) {
        write(number, std::exchange(cpu.lossy, false), cpu.bundle);
    }
}

void SchedTracks::begin(std::uint32_t number, Cpu& cpu, const Ran& ran, std::uint64_t end_ns) {
    cpu.begun = true;
    add(number, cpu, began_ns(ran, end_ns), runnable, not_recorded(number));
    add(number, cpu, began_ns(ran, end_ns), asleep, {ran.task.tid, ran.prio, ran.task.comm});
}

void SchedTracks::follow(std::uint32_t number, Cpu& cpu, const Ran& ran) {
    // Some kernels hide switches of some tasks: somebody else came, and how it left nobody saw.
    if (cpu.next && cpu.next->tid != ran.task.tid) {
        add(number, cpu, cpu.switch_ns, std::exchange(cpu.prev_state, unknown), *cpu.next);
    }
    add(number, cpu, cpu.switch_ns, cpu.prev_state, {ran.task.tid, ran.prio, ran.task.comm});
}

void SchedTracks::leave_gap(std::uint32_t number, Cpu& cpu, const Ran& ran, std::uint64_t end_ns) {
    const std::uint64_t start_ns = std::max(began_ns(ran, end_ns), cpu.switch_ns);
    const Next now{ran.task.tid, ran.prio, ran.task.comm};
    if (cpu.next && cpu.next->tid == now.tid && start_ns - cpu.switch_ns < same_moment_ns &&
        ran.length_ns > 0) {
        add(number, cpu, cpu.switch_ns, cpu.prev_state, now);  // its start is known all the same
        return;
    }
    std::uint32_t prev_state = cpu.prev_state;
    if (cpu.next) {
        add(number, cpu, cpu.switch_ns, prev_state, *cpu.next);
        prev_state = unknown;
    }
    add(number, cpu, cpu.switch_ns, prev_state, not_recorded(number));
    add(number, cpu, start_ns, asleep, now);
    cpu.gaps.at(cpu.gap_count++ % gaps_kept) = {cpu.switch_ns, start_ns};
}

void SchedTracks::ran(const Ran& ran, std::uint64_t end_ns) {
    Cpu* const place = end_ns == 0 ? nullptr : cpu(ran.cpu);
    if (place == nullptr) {
        return;
    }
    if (!place->begun) {
        begin(ran.cpu, *place, ran, end_ns);
    } else if (!ran.follows) {
        leave_gap(ran.cpu, *place, ran, end_ns);
    } else {
        follow(ran.cpu, *place, ran);
    }
    place->switch_ns = std::max(end_ns, place->last_ns);
    place->prev_state = state_of(ran);
    place->next.reset();
}

void SchedTracks::came(const Wait& wait) {
    if (Cpu* const place = cpu(wait.cpu); place != nullptr && place->begun) {
        place->next = Next{wait.task.tid, wait.prio, wait.task.comm};
    }
}

// The compact form has no place for who woke: Perfetto would take it for whoever ran there.
void SchedTracks::woken(const Wait& wait, std::uint64_t ts_ns) {
    const bool by_task = wait.waker && !wait.waker->interrupt;
    const std::uint32_t number = wait.waker ? wait.waker->cpu : wait.cpu;
    Cpu* const place = cpu(number);
    if (place == nullptr) {
        return;
    }
    {
        protozero::pbf_writer all(place->bundle.events);
        protozero::pbf_writer event(all, bundle::event);
        event.add_uint64(ftrace::timestamp, ts_ns);
        event.add_uint32(ftrace::pid, by_task ? wait.waker->task.tid : 0);
        {
            protozero::pbf_writer waking(event, ftrace::sched_waking);
            waking.add_string(ftrace::waking_comm, text_of(wait.task.comm.view()));
            waking.add_int32(ftrace::waking_pid, id_of(wait.task.tid));
            waking.add_int32(ftrace::waking_prio, wait.prio);
            waking.add_int32(ftrace::waking_target_cpu, id_of(wait.cpu));
        }
        event.add_uint32(ftrace::common_flags, by_task ? 0 : from_soft_interrupt);
    }
    if (place->bundle.full()) {
        write(number, std::exchange(place->lossy, false), place->bundle);
    }
}

const SchedTracks::Gap* SchedTracks::Cpu::gap_between(std::uint64_t from_ns,
                                                      std::uint64_t to_ns) const {
    // Nearly always there is none: a CPU's gaps are in order.
    if (gap_count == 0 || gaps.at((gap_count - 1) % gaps_kept).to_ns <= from_ns) {
        return nullptr;
    }
    const Gap* first = nullptr;
    for (const Gap& gap : gaps) {
        const bool between = gap.to_ns > from_ns && gap.from_ns < to_ns;
        if (between && (first == nullptr || gap.from_ns < first->from_ns)) {
            first = &gap;
        }
    }
    return first;
}

// A run of no length, in which nobody can have been seen, ends the state that Perfetto would let
// go on. It comes behind later switches of its CPU, so it stands in a bundle of its own.
bool SchedTracks::cut_at_gap(const TaskId& task, std::int16_t prio, std::uint64_t left_ns,
                             std::uint64_t until_ns) {
    for (std::uint32_t number = 0; number < cpus_.size(); ++number) {
        const Gap* const gap =
            cpus_[number] ? cpus_[number]->gap_between(left_ns, until_ns) : nullptr;
        if (gap == nullptr) {
            continue;
        }
        // What happens on two CPUs at one moment has no order.
        const std::uint64_t at_ns = std::max(gap->from_ns, left_ns + 1);
        Bundle alone;
        alone.add(at_ns, asleep, {task.tid, prio, task.comm});
        alone.add(at_ns, unknown, not_recorded(number));
        write(number, false, alone);
        return true;
    }
    return false;
}

void SchedTracks::lost(std::uint32_t cpu_number) {
    for (std::uint32_t number = 0; number < cpus_.size(); ++number) {
        if (cpus_[number] && (cpu_number == number || cpu_number == Loss::any_cpu)) {
            cpus_[number]->lossy = true;
        }
    }
}

void SchedTracks::write(std::uint32_t number, bool lossy, Bundle& bundle) {
    if (bundle.count == 0 && bundle.events.empty() && !lossy) {
        return;
    }
    {
        protozero::pbf_writer all(bundle.events);
        all.add_uint32(bundle::cpu, number);
        if (lossy) {
            all.add_bool(bundle::lost_events, true);
        }
        if (bundle.count > 0) {
            bundle.write_switches(all);
        }
    }
    file_.packet([&](protozero::pbf_writer& packet) {
        packet.add_message(packet::ftrace_events, bundle.events);
    });
    bundle.clear();
}

void SchedTracks::end() {
    for (std::uint32_t number = 0; number < cpus_.size(); ++number) {
        Cpu* const place = cpus_[number].get();
        if (place == nullptr) {
            continue;
        }
        if (place->begun) {
            add(number, *place, place->switch_ns, place->prev_state,
                place->next ? *place->next : not_recorded(number));
        }
        write(number, std::exchange(place->lossy, false), place->bundle);
    }
}

}  // namespace rqs::perfetto
