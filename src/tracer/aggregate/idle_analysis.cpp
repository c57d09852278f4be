// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/idle_analysis.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <numeric>
#include <optional>

namespace rqs {
namespace {

constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t no_cpu = std::numeric_limits<std::uint32_t>::max();

std::size_t spans_a_cpu(const IdleOptions& options) {
    constexpr std::size_t budget_bytes = 16U << 20;
    constexpr std::size_t sets_a_cpu = 4;
    if (options.max_spans > 0) {
        return std::max<std::size_t>(options.max_spans, 2);
    }
    const std::size_t each = budget_bytes / sets_a_cpu / sizeof(TimeSpans::Span) /
                             std::max<std::size_t>(options.cpus, 1);
    return std::bit_floor(std::clamp<std::size_t>(each, 512, 32768));
}

}  // namespace

IdleAnalysis::IdleAnalysis(const IdleOptions& options)
    : options_(options),
      max_spans_(spans_a_cpu(options)),
      affinities_(options.cpus),
      sweep_(options.cpus, max_spans_),
      victims_(options.max_victims),
      cpus_(options.cpus, Cpu(max_spans_)),
      queued_(max_spans_),
      all_(options.cpus) {
    std::iota(all_.begin(), all_.end(), 0U);
    for (const std::uint32_t cpu : options.online) {
        if (cpu < options.cpus) {
            cpus_[cpu].awaited = true;
            slowest_ = cpu;
        }
    }
}

void IdleAnalysis::ran(const Ran& run) {
    if (run.cpu >= cpus_.size() || run.end_ns == 0) {
        return;
    }
    Cpu& cpu = cpus_[run.cpu];
    // A CPU's clock and CLOCK_MONOTONIC drift: a run may seem to begin before the last one ended.
    const std::uint64_t begin_ns =
        std::max(run.end_ns - std::min(run.end_ns, run.length_ns), cpu.known_until_ns);
    if (begin_ns >= run.end_ns && cpu.seen) {
        return;
    }
    cpu.seen = true;
    if (run.task.tid == 0) {
        cpu.idle_ns += run.end_ns - begin_ns;
        add_idle(run.cpu, begin_ns, run.end_ns);
    } else {
        cpu.busy_ns += run.end_ns - begin_ns;
    }
    note_reached(run.cpu, run.end_ns);
}

void IdleAnalysis::add_idle(std::uint32_t number, std::uint64_t begin_ns, std::uint64_t end_ns) {
    const TimeSpans& idle = sweep_.idle_of(number);
    if (idle.full()) {
        // Another CPU has not said anything for long: what waits for it must do without.
        const std::uint64_t gone_ns = idle.half_ns();
        decide_until(gone_ns);
        sweep_.advance(gone_ns);
        settle(cpus_[number], number, gone_ns);
        sweep_.forget_half_of(number);
    }
    sweep_.idled(number, begin_ns, end_ns);
}

void IdleAnalysis::note_reached(std::uint32_t number, std::uint64_t end_ns) {
    Cpu& cpu = cpus_[number];
    const bool changes = !cpu.awaited || number == slowest_;
    cpu.known_until_ns = end_ns;
    cpu.awaited = true;
    if (!changes) {
        return;
    }
    std::uint64_t least_ns = for_ever;
    for (std::uint32_t other = 0; other < cpus_.size(); ++other) {
        if (cpus_[other].awaited && cpus_[other].known_until_ns < least_ns) {
            least_ns = cpus_[other].known_until_ns;
            slowest_ = other;
        }
    }
    reached_ns_ = std::max(reached_ns_, least_ns);
    decide_until(reached_ns_);
}

void IdleAnalysis::wait(const Wait& wait) {
    if (wait.cpu >= cpus_.size()) {
        return;
    }
    ++waits_;
    ++cpus_[wait.cpu].waits;
    cpus_[wait.cpu].wait_ns += wait.wait_ns;
    if (wait.sums.throttled_ns > 0) {
        ++throttled_waits_;
        return;
    }
    const auto [known, allowed] = affinities_.of(wait.task.tid);
    // It ran where it may not: what was told of it is old.
    const bool stale =
        allowed != nullptr && !std::binary_search(allowed->begin(), allowed->end(), wait.cpu);
    unknown_affinity_waits_ += !known || stale ? 1U : 0U;
    const std::size_t choice = allowed == nullptr ? cpus_.size() : allowed->size();
    if (wait.wait_ns == 0 || stale || choice == 1) {
        return;
    }
    Held held;
    held.end_ns = wait.ts_ns;
    held.begin_ns = wait.ts_ns - std::min(wait.ts_ns, wait.wait_ns);
    held.here_ns = std::min(held.begin_ns + wait.sums.elsewhere_ns, held.end_ns);
    const GroupKey key = key_of(options_.by, wait);
    held.kind = key.kind;
    held.group = key.id;
    held.allowed = allowed;
    held.task = wait.task;
    held.cpu = wait.cpu;
    note_queued(held);
    hold(held);
}

void IdleAnalysis::note_queued(const Held& held) {
    unite(cpus_[held.cpu].queued_here, held.here_ns, held.end_ns);
    if (held.allowed == nullptr) {
        unite(queued_, held.begin_ns, held.end_ns);
        return;
    }
    for (const std::uint32_t cpu : *held.allowed) {
        unite(cpus_[cpu].queued_restricted, held.begin_ns, held.end_ns);
    }
}

// What is forgotten of these must have been counted.
void IdleAnalysis::unite(TimeSpans& spans, std::uint64_t begin_ns, std::uint64_t end_ns) {
    if (spans.full()) {
        settle_all(spans.half_ns());
        (void)spans.forget_half();
    }
    spans.unite(begin_ns, end_ns);
}

void IdleAnalysis::hold(const Held& held) {
    if (held.end_ns <= reached_ns_ && held_.empty()) {
        decide(held);
        return;
    }
    if (held_.size() >= std::max<std::size_t>(options_.max_held_waits, 1)) {
        decide(held_.front());
        held_.pop_front();
    }
    held_.push_back(held);
    decide_until(reached_ns_);
}

void IdleAnalysis::decide_until(std::uint64_t ns) {
    while (!held_.empty() && held_.front().end_ns <= ns) {
        decide(held_.front());
        held_.pop_front();
    }
}

void IdleAnalysis::decide(const Held& held) {
    sweep_.advance(held.end_ns);
    const Found found = held.allowed == nullptr ? find_any(held) : find_restricted(held);
    if (found.ns < held.end_ns - held.begin_ns && !(found.all && all_reached(held))) {
        ++undecided_waits_;
    }
    if (found.ns == 0) {
        return;
    }
    ++avoidable_waits_;
    avoidable_ns_ += found.ns;
    const Comm comm = held.kind == Group::Kind::comm ? held.task.comm : Comm{};
    victims_.add({held.kind, held.group, comm}, held.task, options_.names, found.ns,
                 found.idle_cpu);
}

IdleAnalysis::Found IdleAnalysis::find_any(const Held& held) const {
    Found found;
    const std::uint64_t here_ns = sweep_.others_idle_ns(held.cpu, held.here_ns, held.end_ns);
    found.ns = here_ns + sweep_.any_idle_ns(held.begin_ns, held.here_ns);
    found.all = held.begin_ns >= sweep_.known_from_ns();
    if (here_ns > 0) {
        found.idle_cpu = sweep_.longest_idle(held.cpu).value_or(held.cpu);
    } else if (found.ns > 0) {
        found.idle_cpu = longest_idle(all_, no_cpu, held.begin_ns, held.here_ns);
    }
    return found;
}

IdleAnalysis::Found IdleAnalysis::find_restricted(const Held& held) const {
    Found found;
    const Cpus& allowed = *held.allowed;
    const auto elsewhere_ns = idle_ns(allowed, no_cpu, held.begin_ns, held.here_ns);
    const auto here_ns = idle_ns(allowed, held.cpu, held.here_ns, held.end_ns);
    found.ns = elsewhere_ns.value_or(0) + here_ns.value_or(0);
    found.all = elsewhere_ns && here_ns &&
                std::all_of(allowed.begin(), allowed.end(), [&](std::uint32_t cpu) {
                    return held.begin_ns >= sweep_.idle_of(cpu).known_from_ns();
                });
    if (here_ns.value_or(0) > 0) {
        found.idle_cpu = longest_idle(allowed, held.cpu, held.here_ns, held.end_ns);
    } else if (found.ns > 0) {
        found.idle_cpu = longest_idle(allowed, no_cpu, held.begin_ns, held.here_ns);
    }
    return found;
}

/// For how long any of these CPUs but one idled; nothing where it takes too many looks.
std::optional<std::uint64_t> IdleAnalysis::idle_ns(const Cpus& cpus, std::uint32_t but_cpu,
                                                   std::uint64_t from_ns,
                                                   std::uint64_t to_ns) const {
    if (from_ns >= to_ns) {
        return 0;
    }
    std::vector<const TimeSpans*> idle;
    for (const std::uint32_t cpu : cpus) {
        const TimeSpans::Span* last = sweep_.idle_of(cpu).last_before(to_ns);
        if (cpu != but_cpu && last != nullptr && last->end_ns > from_ns) {
            idle.push_back(&sweep_.idle_of(cpu));
        }
    }
    return united_ns(idle, from_ns, to_ns, options_.max_looks);
}

// As IdleSweep::longest_idle(), of a few CPUs and at a time gone by: the one that idled for longest
// at the end of from..to; where none idled then, the one that did last.
std::uint32_t IdleAnalysis::longest_idle(const Cpus& cpus, std::uint32_t but_cpu,
                                         std::uint64_t from_ns, std::uint64_t to_ns) const {
    std::uint32_t found = 0;
    std::uint64_t since_ns = for_ever;
    std::uint64_t until_ns = from_ns;
    for (const std::uint32_t cpu : cpus) {
        const TimeSpans::Span* last = sweep_.idle_of(cpu).last_before(to_ns);
        if (cpu == but_cpu || last == nullptr || last->end_ns <= from_ns) {
            continue;
        }
        const bool idles = last->end_ns >= to_ns;
        if (idles ? last->begin_ns < since_ns : since_ns == for_ever && last->end_ns >= until_ns) {
            found = cpu;
            since_ns = idles ? last->begin_ns : since_ns;
            until_ns = last->end_ns;
        }
    }
    return found;
}

bool IdleAnalysis::all_reached(const Held& held) const {
    const auto reached = [&](const Cpu& cpu) {
        return !cpu.awaited || cpu.known_until_ns >= held.end_ns;
    };
    if (held.end_ns <= reached_ns_) {
        return true;
    }
    return held.allowed == nullptr
               ? std::all_of(cpus_.begin(), cpus_.end(), reached)
               : std::all_of(held.allowed->begin(), held.allowed->end(),
                             [&](std::uint32_t cpu) { return reached(cpus_[cpu]); });
}

void IdleAnalysis::finish() {
    decide_until(for_ever);
}

void IdleAnalysis::settle(Cpu& cpu, std::uint32_t number, std::uint64_t until_ns) {
    if (until_ns > cpu.settled_ns) {
        cpu.idle_while_others_queued_ns +=
            idle_while_others_queued_ns(number, cpu.settled_ns, until_ns);
        cpu.settled_ns = until_ns;
    }
}

void IdleAnalysis::settle_all(std::uint64_t until_ns) {
    for (std::uint32_t number = 0; number < cpus_.size(); ++number) {
        settle(cpus_[number], number, until_ns);
    }
}

// Whenever a task was queued here, it was queued anywhere: the rest is when some were, none here.
std::uint64_t IdleAnalysis::idle_while_others_queued_ns(std::uint32_t number, std::uint64_t from_ns,
                                                        std::uint64_t to_ns) const {
    const Cpu& cpu = cpus_[number];
    const std::array<const TimeSpans*, 2> both{&queued_, &cpu.queued_restricted};
    TimeSpans::Walk queued(queued_);
    TimeSpans::Walk queued_here(cpu.queued_here);
    std::uint64_t sum_ns = 0;
    for (const TimeSpans::Span& idle : sweep_.idle_of(number).after(from_ns)) {
        if (idle.begin_ns >= to_ns) {
            break;
        }
        const std::uint64_t begin_ns = std::max(idle.begin_ns, from_ns);
        const std::uint64_t end_ns = std::min(idle.end_ns, to_ns);
        const std::uint64_t queued_ns =
            cpu.queued_restricted.size() == 0
                ? queued.covered_ns(begin_ns, end_ns)
                : united_ns(both, begin_ns, end_ns, SIZE_MAX).value_or(0);
        sum_ns += queued_ns - queued_here.covered_ns(begin_ns, end_ns);
    }
    return sum_ns;
}

IdleReport IdleAnalysis::report() const {
    IdleReport report;
    report.waits = waits_;
    report.avoidable_ns = avoidable_ns_;
    report.avoidable_waits = avoidable_waits_;
    report.undecided_waits = undecided_waits_;
    report.unknown_affinity_waits = unknown_affinity_waits_;
    report.throttled_waits = throttled_waits_;
    report.victims = victims_.rows(options_.top, options_.names);
    for (std::uint32_t number = 0; number < cpus_.size(); ++number) {
        const Cpu& cpu = cpus_[number];
        if (!cpu.seen) {
            continue;
        }
        const std::uint64_t queued_ns =
            cpu.idle_while_others_queued_ns +
            idle_while_others_queued_ns(number, cpu.settled_ns, for_ever);
        report.idle_while_others_queued_ns += queued_ns;
        report.cpus.push_back(
            {number, cpu.busy_ns, cpu.idle_ns, queued_ns, cpu.waits, cpu.wait_ns});
    }
    return report;
}

std::size_t IdleAnalysis::bytes() const {
    std::size_t bytes =
        sweep_.bytes() + queued_.bytes() + held_.size() * sizeof(Held) + cpus_.size() * sizeof(Cpu);
    for (const Cpu& cpu : cpus_) {
        bytes += cpu.queued_here.bytes() + cpu.queued_restricted.bytes();
    }
    return bytes;
}

}  // namespace rqs
