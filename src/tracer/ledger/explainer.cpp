// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/explainer.h"

#include <algorithm>
#include <bit>

namespace rqs {

std::size_t runs_kept(std::uint32_t cpus) {
    constexpr std::size_t budget_bytes = 8U << 20;
    const std::size_t each = budget_bytes / Timeline::bytes_per_run / std::max(cpus, 1U);
    return std::bit_floor(std::clamp<std::size_t>(each, 512, 8192));
}

Explainer::Explainer(Detail detail, std::size_t runs_kept)
    : detail_(detail), runs_kept_(runs_kept), ledger_(detail) {}

Timeline& Explainer::timeline(std::uint32_t cpu) {
    if (cpu >= timelines_.size()) {
        timelines_.resize(std::size_t{cpu} + 1);
    }
    auto& place = timelines_[cpu];
    if (!place) {
        place = std::make_unique<Timeline>(runs_kept_, detail_.parts);
    }
    return *place;
}

Ran Explainer::add(const Switch& record) {
    Timeline& line = timeline(record.cpu);
    Ran ran;
    ran.cpu = record.cpu;
    ran.position = line.add(record);
    ran.ran_ns = line.run(ran.position).ran_ns();
    ran.task = record.task;
    ran.ppid = record.ppid;
    ran.cgroup_id = record.cgroup_id;
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

void Explainer::explain(const Switch& record, const Arrival& came, Wait& wait) {
    Window window;
    window.end_ns = record.clock_ns;
    window.start_ns = record.clock_ns - std::min(record.clock_ns, came.here_ns);
    window.elsewhere_ns = came.elsewhere_ns;
    window.group = came.group;
    ledger_.explain(timeline(record.cpu), window, wait);
}

}  // namespace rqs
