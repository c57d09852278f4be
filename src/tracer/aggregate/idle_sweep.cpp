// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/idle_sweep.h"

#include <algorithm>

namespace rqs {

IdleSweep::IdleSweep(std::uint32_t cpus, std::size_t most) : cpus_(cpus, Cpu(most)), any_(most) {}

void IdleSweep::idled(std::uint32_t cpu, std::uint64_t begin_ns, std::uint64_t end_ns) {
    Cpu& place = cpus_[cpu];
    const bool awaited = next_run(place) != nullptr;
    place.idle.append(begin_ns, end_ns);
    if (!awaited) {
        await_next(cpu);
    }
}

/// The first run of a CPU that has not been taken wholly.
const TimeSpans::Span* IdleSweep::next_run(const Cpu& cpu) const {
    const std::uint64_t place = cpu.taken - cpu.idle.forgotten();
    return place < cpu.idle.size() ? &cpu.idle.at(place) : nullptr;
}

// A run of which all lies behind us came too late.
void IdleSweep::await_next(std::uint32_t number) {
    Cpu& cpu = cpus_[number];
    const TimeSpans::Span* run = next_run(cpu);
    while (run != nullptr && run->end_ns <= now_ns_) {
        ++cpu.taken;
        run = next_run(cpu);
    }
    if (run != nullptr) {
        edges_.emplace(std::max(run->begin_ns, now_ns_), number);
    }
}

void IdleSweep::advance(std::uint64_t ns) {
    while (!edges_.empty() && edges_.top().first < ns) {
        const auto [when_ns, number] = edges_.top();
        edges_.pop();
        now_ns_ = std::max(now_ns_, when_ns);
        Cpu& cpu = cpus_[number];
        if (!cpu.idles) {
            begin(number, when_ns);
            edges_.emplace(next_run(cpu)->end_ns, number);
            continue;
        }
        end(number, when_ns);
        ++cpu.taken;
        await_next(number);
    }
    now_ns_ = std::max(now_ns_, ns);
}

void IdleSweep::open(TimeSpans& spans, std::uint64_t ns) {
    if (spans.full()) {
        known_from_ns_ = std::max(known_from_ns_, spans.forget_half());
    }
    spans.open(ns);
}

void IdleSweep::begin(std::uint32_t number, std::uint64_t ns) {
    Cpu& cpu = cpus_[number];
    cpu.idles = true;
    if (idling_ == 0) {
        open(any_, ns);
        open(cpu.alone, ns);
    } else if (idling_ == 1) {
        cpus_[first_].alone.close(ns);
    }
    ++idling_;
    cpu.before = last_;
    cpu.behind = none;
    (last_ == none ? first_ : cpus_[last_].behind) = number;
    last_ = number;
}

void IdleSweep::end(std::uint32_t number, std::uint64_t ns) {
    Cpu& cpu = cpus_[number];
    cpu.idles = false;
    --idling_;
    (cpu.before == none ? first_ : cpus_[cpu.before].behind) = cpu.behind;
    (cpu.behind == none ? last_ : cpus_[cpu.behind].before) = cpu.before;
    if (idling_ == 0) {
        cpu.alone.close(ns);
        any_.close(ns);
    } else if (idling_ == 1) {
        open(cpus_[first_].alone, ns);
    }
    if (stopped_ != number) {
        stopped_before_ = stopped_;
        stopped_ = number;
    }
}

std::uint64_t IdleSweep::others_idle_ns(std::uint32_t cpu, std::uint64_t from_ns,
                                        std::uint64_t to_ns) const {
    const std::uint64_t any_ns = any_idle_ns(from_ns, to_ns);
    return any_ns == 0 ? 0 : any_ns - cpus_[cpu].alone.covered_ns(from_ns, to_ns);
}

std::optional<std::uint32_t> IdleSweep::longest_idle(std::uint32_t but_cpu) const {
    const std::uint32_t other = first_ == but_cpu ? cpus_[but_cpu].behind : first_;
    const std::uint32_t stopped = stopped_ == but_cpu ? stopped_before_ : stopped_;
    const std::uint32_t found = other == none ? stopped : other;
    return found == none ? std::nullopt : std::optional(found);
}

std::size_t IdleSweep::bytes() const {
    std::size_t bytes = any_.bytes() + cpus_.size() * (sizeof(Cpu) + sizeof(Edge));
    for (const Cpu& cpu : cpus_) {
        bytes += cpu.idle.bytes() + cpu.alone.bytes();
    }
    return bytes;
}

}  // namespace rqs
