// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/blame.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace rqs {
namespace {

constexpr std::uint32_t one_more = 1;
constexpr std::uint32_t one_less = UINT32_MAX;

void add_changes(Covering& covering, const Covering& changes) {
    for (std::size_t slot = 0; slot < victim_slots; ++slot) {
        covering[slot] += changes[slot];
    }
}

void release_in(Covering& covering, std::size_t slot) {
    covering.at(loose_slot) += std::exchange(covering.at(slot), 0);
}

/// Idling is in the wait's sums and nobody's fault.
std::uint64_t task_ns(const Ran& run, std::uint64_t ns) {
    return run.task.tid == 0 ? 0 : ns;
}

}  // namespace

Blame::Blame(const BlameOptions& options)
    : capacity_(options.runs_kept == 0 ? 0 : std::bit_ceil(options.runs_kept)),
      cpus_(capacity_ == 0 ? 0 : options.cpus),
      culprits_(options.culprits) {}

void Blame::Cpu::note(std::uint64_t position, std::size_t slot, std::uint32_t change) {
    notes[at(position)].at(slot) += change;
    runs[at(position)].noted = true;
}

Blame::Cpu* Blame::known(std::uint32_t cpu) const {
    return cpu < cpus_.size() ? cpus_[cpu].get() : nullptr;
}

void Blame::ran(const Ran& run) {
    if (run.cpu >= cpus_.size()) {
        return;
    }
    auto& slot = cpus_[run.cpu];
    if (!slot) {
        slot = std::make_unique<Cpu>(capacity_);
    }
    Cpu& cpu = *slot;
    if (run.position < cpu.end) {
        return;
    }
    const std::uint64_t before_ns = cpu.end == 0 ? 0 : cpu.until_ns(cpu.end - 1);
    // No stretch may reach across a hole: of what lies in it nothing is known.
    const bool hole = run.position > cpu.end;
    while (cpu.begin < cpu.end && (hole || cpu.end - cpu.begin == capacity_)) {
        forget_oldest(cpu);
    }
    cpu.begin = hole ? run.position : cpu.begin;
    cpu.end = run.position + 1;
    Kept& kept = cpu.runs[cpu.at(run.position)];
    kept.run = run;
    kept.until_ns = before_ns + task_ns(run, run.ran_ns);
}

void Blame::forget_oldest(Cpu& cpu) {
    Kept& oldest = cpu.runs[cpu.at(cpu.begin)];
    if (oldest.noted) {
        Covering& notes = cpu.notes[cpu.at(cpu.begin)];
        add_changes(cpu.covering, notes);
        notes.fill(0);
        oldest.noted = false;
        cpu.covered = std::any_of(cpu.covering.begin(), cpu.covering.end(),
                                  [](std::uint32_t waits) { return waits != 0; });
    }
    if (cpu.covered) {
        culprits_.add(oldest.run, cpu.covering);
    }
    ++cpu.begin;
}

/// What is blamed for a stretch; nothing where it is not remembered or is more than `most_ns`.
std::optional<std::uint64_t> Blame::blamed_ns(const Cpu& cpu, const Stretch& stretch,
                                              std::uint64_t most_ns) {
    if (stretch.first < cpu.begin || stretch.last >= cpu.end || stretch.first > stretch.last) {
        return std::nullopt;
    }
    std::uint64_t ns = task_ns(cpu.runs[cpu.at(stretch.first)].run, stretch.first_ns);
    if (stretch.last > stretch.first) {
        const std::uint64_t between = cpu.until_ns(stretch.last - 1) - cpu.until_ns(stretch.first);
        const std::uint64_t last = task_ns(cpu.runs[cpu.at(stretch.last)].run, stretch.last_ns);
        if (ns > most_ns || between > most_ns - ns || last > most_ns - ns - between) {
            return std::nullopt;
        }
        ns += between + last;
    }
    return ns <= most_ns ? std::optional(ns) : std::nullopt;
}

bool Blame::fits(const Cpu& cpu, const Wait& wait, std::uint64_t ran_ns) {
    for (const Stretch& stretch : wait.stretches) {
        const auto ns = blamed_ns(cpu, stretch, ran_ns);
        if (!ns) {
            return false;
        }
        ran_ns -= *ns;
    }
    return true;
}

void Blame::add(const Wait& wait, std::size_t slot, std::uint64_t ran_ns) {
    Cpu* cpu = known(wait.cpu);
    if (cpu == nullptr || !fits(*cpu, wait, ran_ns)) {
        return;
    }
    for (const Stretch& stretch : wait.stretches) {
        add(*cpu, stretch, slot);
    }
}

void Blame::add(Cpu& cpu, const Stretch& stretch, std::size_t slot) {
    culprits_.add(cpu.runs[cpu.at(stretch.first)].run, slot, stretch.first_ns);
    if (stretch.last == stretch.first) {
        return;
    }
    culprits_.add(cpu.runs[cpu.at(stretch.last)].run, slot, stretch.last_ns);
    if (stretch.last > stretch.first + 1) {
        cpu.note(stretch.first + 1, slot, one_more);
        cpu.note(stretch.last, slot, one_less);
    }
}

void Blame::release(std::size_t slot) {
    culprits_.release(slot);
    for (const auto& cpu : cpus_) {
        if (!cpu) {
            continue;
        }
        release_in(cpu->covering, slot);
        cpu->each_noted([&](std::size_t at) { release_in(cpu->notes[at], slot); });
    }
}

void Blame::clear() {
    culprits_.clear();
    for (const auto& cpu : cpus_) {
        if (!cpu) {
            continue;
        }
        cpu->covering.fill(0);
        cpu->covered = false;
        cpu->each_noted([&](std::size_t at) {
            cpu->runs[at].noted = false;
            cpu->notes[at].fill(0);
        });
    }
}

void Blame::settle(const Cpu& cpu, Culprits& culprits) {
    Covering covering = cpu.covering;
    for (std::uint64_t position = cpu.begin; position < cpu.end; ++position) {
        const Kept& kept = cpu.runs[cpu.at(position)];
        if (kept.noted) {
            add_changes(covering, cpu.notes[cpu.at(position)]);
        }
        culprits.add(kept.run, covering);
    }
}

Culprits Blame::settled() const {
    Culprits culprits = culprits_;
    for (const auto& cpu : cpus_) {
        if (cpu) {
            settle(*cpu, culprits);
        }
    }
    return culprits;
}

}  // namespace rqs
