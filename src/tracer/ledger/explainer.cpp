// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/explainer.h"

#include <algorithm>
#include <bit>

namespace rqs {

std::size_t runs_kept(std::uint32_t cpus) {
    constexpr std::size_t budget_bytes = 32U << 20;
    const std::size_t each = budget_bytes / Timeline::bytes_per_run / std::max(cpus, 1U);
    return std::bit_floor(std::clamp<std::size_t>(each, 512, 32768));
}

Explainer::Explainer(Detail detail, std::size_t runs_kept)
    : detail_(detail), runs_kept_(runs_kept) {}

Explainer::Cpu& Explainer::cpu(std::uint32_t number) {
    if (number >= cpus_.size()) {
        cpus_.resize(std::size_t{number} + 1);
    }
    auto& place = cpus_[number];
    if (!place) {
        place = std::make_unique<Cpu>(detail_, runs_kept_);
    }
    return *place;
}

Ran Explainer::add(const Switch& record) {
    Cpu& place = cpu(record.cpu);
    Timeline& line = place.timeline;
    Ran ran;
    ran.cpu = record.cpu;
    ran.position = line.add(record);
    const Run& run = line.run(ran.position);
    ran.ran_ns = run.ran_ns();
    ran.length_ns = run.end_ns - run.start_ns;
    if (record.came) {
        place.offset_ns = record.came->ts_ns - record.clock_ns;
    }
    ran.end_ns = place.offset_ns ? record.clock_ns + *place.offset_ns : 0;
    ran.task = record.task;
    ran.ppid = record.ppid;
    ran.cgroup_id = record.cgroup_id;
    ran.left = record.left;
    ran.follows = record.follows;
    ran.prio = record.prio;
    return ran;
}

void Explainer::describe(const Switch& record, const Arrival& came, Wait& wait) {
    wait.ts_ns = came.ts_ns;
    wait.wait_ns = came.here_ns + came.elsewhere_ns;
    wait.cpu = record.cpu;
    wait.task = came.task;
    wait.prev = record.task;
    wait.cgroup_id = came.cgroup_id;
    wait.sched_cgroup_id = came.sched_cgroup_id;
    wait.prio = came.prio;
    wait.policy = came.policy;
    wait.stamped = came.stamped;
    wait.complete = came.complete;
    wait.kind = came.kind;
    wait.ppid = came.ppid;
    wait.run_delay_ns = came.run_delay_ns;
    wait.runtime_ns = came.runtime_ns;
    wait.waker = came.waker;
}

void Explainer::explain(const Switch& record, const Arrival& came, bool with_parts, Wait& wait) {
    Window window;
    window.end_ns = record.clock_ns;
    window.start_ns = record.clock_ns - std::min(record.clock_ns, came.here_ns);
    window.elsewhere_ns = came.elsewhere_ns;
    window.group = came.group;
    Cpu& place = cpu(record.cpu);
    place.ledger.be_brief(brief_);
    window.parts = with_parts;
    place.ledger.explain(place.timeline, window, wait);
}

}  // namespace rqs
