// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/ledger.h"

#include <algorithm>
#include <numeric>

namespace rqs {
namespace {

// ns * share / whole, exactly.
std::uint64_t scaled(std::uint64_t ns, std::uint64_t share, std::uint64_t whole) {
    if (ns == 0 || share >= whole) {
        return ns;
    }
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>(Wide{ns} * share / whole);
}

Relation relation_of(const Run& run, const Wait& wait) {
    if (run.task.pid == wait.task.pid) {
        return Relation::self;
    }
    // Kernel threads lie in the root cgroup, but nobody means them by "my siblings".
    return !run.kernel_thread && run.cgroup_id == wait.sched_cgroup_id ? Relation::sibling
                                                                       : Relation::foreign;
}

}  // namespace

void Ledger::explain(const Timeline& timeline, const Window& window, Wait& wait) {
    wait.why.clear();
    ++generation_;
    collect_throttled(timeline, window);

    std::uint64_t unexplained_end = window.end_ns;
    for (std::size_t back = 0; unexplained_end > window.start_ns; ++back) {
        const Run* run = timeline.newest(back);
        if (run == nullptr || run->end_ns < unexplained_end) {
            break;
        }
        if (!run->start_known && !window.reached) {
            break;
        }
        const std::uint64_t start =
            std::max(window.start_ns, run->start_known ? run->start_ns : window.start_ns);
        if (start < unexplained_end) {
            add_run(*run, runnable_within(start, unexplained_end, window), wait);
            unexplained_end = start;
        }
    }

    const std::uint64_t first = std::min(window.start_ns, window.end_ns);
    add_plain(PartKind::throttled, throttled_within(first, window.end_ns), wait);
    add_plain(PartKind::elsewhere, std::min(window.elsewhere_ns, wait.wait_ns), wait);
    const std::uint64_t known =
        std::accumulate(wait.why.begin(), wait.why.end(), std::uint64_t{0},
                        [](std::uint64_t sum, const Part& part) { return sum + part.ns; });
    if (known < wait.wait_ns) {
        add_plain(PartKind::unknown, wait.wait_ns - known, wait);
    }
    std::sort(wait.why.begin(), wait.why.end(),
              [](const Part& a, const Part& b) { return a.ns > b.ns; });
    wait.cause = cause_of(wait);
}

// Clips this group's throttlings to the window and makes them disjoint.
void Ledger::collect_throttled(const Timeline& timeline, const Window& window) {
    throttled_.clear();
    if (window.group == 0) {
        return;
    }
    for (const auto& throttling : timeline.throttlings()) {
        const Span span{std::max(throttling.start_ns, window.start_ns),
                        std::min(throttling.end_ns, window.end_ns)};
        if (throttling.group == window.group && span.start_ns < span.end_ns) {
            throttled_.push_back(span);
        }
    }
    if (throttled_.size() < 2) {
        return;
    }
    std::sort(throttled_.begin(), throttled_.end(),
              [](const Span& a, const Span& b) { return a.start_ns < b.start_ns; });
    std::size_t last = 0;
    for (const Span& span : throttled_) {
        if (span.start_ns <= throttled_[last].end_ns) {
            throttled_[last].end_ns = std::max(throttled_[last].end_ns, span.end_ns);
        } else {
            throttled_[++last] = span;
        }
    }
    throttled_.resize(last + 1);
}

std::uint64_t Ledger::throttled_within(std::uint64_t start_ns, std::uint64_t end_ns) const {
    std::uint64_t sum = 0;
    for (const auto& span : throttled_) {
        const std::uint64_t start = std::max(start_ns, span.start_ns);
        const std::uint64_t end = std::min(end_ns, span.end_ns);
        sum += start < end ? end - start : 0;
    }
    return sum;
}

// The part of a stretch in which the group was not throttled, as far as that is known.
std::uint64_t Ledger::runnable_within(std::uint64_t start_ns, std::uint64_t end_ns,
                                      const Window& window) const {
    if (window.throttled_unknown_ago_ns) {
        const std::uint64_t unsure =
            window.end_ns - std::min(window.end_ns, *window.throttled_unknown_ago_ns);
        end_ns = std::max(start_ns, std::min(end_ns, unsure));
    }
    return end_ns - start_ns - throttled_within(start_ns, end_ns);
}

// `length_ns` of the run fall into the wait. What interrupts and the hypervisor took of the whole
// run is shared out evenly over it.
void Ledger::add_run(const Run& run, std::uint64_t length_ns, Wait& wait) {
    if (length_ns == 0) {
        return;
    }
    const std::uint64_t whole = run.end_ns - run.start_ns;
    const std::uint64_t irq =
        run.start_known ? std::min(scaled(run.irq_ns, length_ns, whole), length_ns) : 0;
    const std::uint64_t steal =
        run.start_known ? std::min(scaled(run.steal_ns, length_ns, whole), length_ns - irq) : 0;
    add_plain(PartKind::irq, irq, wait);
    add_plain(PartKind::steal, steal, wait);
    const std::uint64_t rest = length_ns - irq - steal;
    if (run.task.tid == 0) {
        add_plain(PartKind::idle, rest, wait);
    } else if (rest > 0) {
        part_of(run, wait).ns += rest;
    }
}

Part& Ledger::part_of(const Run& run, Wait& wait) {
    Known& known = known_[run.task.tid % known_.size()];
    if (known.generation == generation_ && wait.why[known.part].kind == PartKind::ran &&
        wait.why[known.part].task.tid == run.task.tid) {
        return wait.why[known.part];
    }
    if (known.generation == generation_) {
        // Two tasks share a place: look for this one the slow way.
        for (auto& part : wait.why) {
            if (part.kind == PartKind::ran && part.task.tid == run.task.tid) {
                return part;
            }
        }
    }
    Part part;
    part.kind = PartKind::ran;
    part.relation = relation_of(run, wait);
    part.policy = run.policy;
    part.kernel_thread = run.kernel_thread;
    part.prio = run.prio;
    part.task = run.task;
    part.cgroup_id = run.cgroup_id;
    known = {generation_, wait.why.size()};
    wait.why.push_back(part);
    return wait.why.back();
}

void Ledger::add_plain(PartKind kind, std::uint64_t ns, Wait& wait) {
    if (ns == 0) {
        return;
    }
    for (auto& part : wait.why) {
        if (part.kind == kind) {
            part.ns += ns;
            return;
        }
    }
    Part part;
    part.kind = kind;
    part.ns = ns;
    wait.why.push_back(part);
}

}  // namespace rqs
