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
    collect(timeline, window, true, throttled_);
    collect(timeline, window, false, maybe_throttled_);
    attribute_runs(timeline, window, wait);

    const std::uint64_t first = std::min(window.start_ns, window.end_ns);
    add_plain(PartKind::throttled, within(throttled_, first, window.end_ns), wait);
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

// Newest first. Where a run's start is not known, nobody is blamed for what came before it, up to
// the end of the run that is known before.
void Ledger::attribute_runs(const Timeline& timeline, const Window& window, Wait& wait) {
    std::uint64_t end = window.end_ns;
    for (std::size_t back = 0; end > window.start_ns; ++back) {
        const Run* run = timeline.newest(back);
        if (run == nullptr || run->end_ns <= window.start_ns) {
            break;
        }
        end = std::min(end, run->end_ns);
        if (!run->start_known) {
            continue;
        }
        const std::uint64_t start = std::max(window.start_ns, run->start_ns);
        if (start < end) {
            add_run(*run, end - start - within(maybe_throttled_, start, end), wait);
            end = start;
        }
    }
}

// This group's throttlings, clipped to the window, made disjoint.
void Ledger::collect(const Timeline& timeline, const Window& window, bool certain_only,
                     Spans& spans) {
    spans.clear();
    if (window.group == 0) {
        return;
    }
    for (const auto& throttling : timeline.throttlings()) {
        const Span span{std::max(throttling.start_ns, window.start_ns),
                        std::min(throttling.end_ns, window.end_ns)};
        if (throttling.group == window.group && span.start_ns < span.end_ns &&
            (throttling.certain || !certain_only)) {
            spans.push_back(span);
        }
    }
    if (spans.size() < 2) {
        return;
    }
    std::sort(spans.begin(), spans.end(),
              [](const Span& a, const Span& b) { return a.start_ns < b.start_ns; });
    std::size_t last = 0;
    for (const Span& span : spans) {
        if (span.start_ns <= spans[last].end_ns) {
            spans[last].end_ns = std::max(spans[last].end_ns, span.end_ns);
        } else {
            spans[++last] = span;
        }
    }
    spans.resize(last + 1);
}

std::uint64_t Ledger::within(const Spans& spans, std::uint64_t start_ns, std::uint64_t end_ns) {
    std::uint64_t sum = 0;
    for (const auto& span : spans) {
        const std::uint64_t start = std::max(start_ns, span.start_ns);
        const std::uint64_t end = std::min(end_ns, span.end_ns);
        sum += start < end ? end - start : 0;
    }
    return sum;
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

// A task that changed its class during the wait has a part for each: it is blamed for what it was.
Part& Ledger::part_of(const Run& run, Wait& wait) {
    const auto is_its = [&](const Part& part) {
        return part.kind == PartKind::ran && part.task.tid == run.task.tid &&
               outranks(part.prio, wait.prio) == outranks(run.prio, wait.prio);
    };
    Known& known = known_[run.task.tid % known_.size()];
    if (known.generation == generation_) {
        if (is_its(wait.why[known.part])) {
            return wait.why[known.part];
        }
        // Two share a place: look for this one the slow way.
        const auto found = std::find_if(wait.why.begin(), wait.why.end(), is_its);
        if (found != wait.why.end()) {
            return *found;
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
