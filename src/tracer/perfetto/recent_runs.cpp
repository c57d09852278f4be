// SPDX-License-Identifier: BSD-2-Clause
#include "perfetto/recent_runs.h"

#include <algorithm>

namespace rqs::perfetto {

void RecentRuns::add(const Ran& ran, std::uint64_t end_ns) {
    if (end_ns == 0 || ran.length_ns == 0) {
        return;
    }
    if (ran.cpu >= cpus_.size()) {
        cpus_.resize(std::size_t{ran.cpu} + 1);
    }
    auto& place = cpus_[ran.cpu];
    if (!place) {
        place = std::make_unique<Cpu>();
    }
    place->runs[place->count++ % kept] = {ran.task, end_ns - std::min(end_ns, ran.length_ns),
                                          end_ns};
}

std::optional<RecentRuns::Overlap> RecentRuns::longest(std::uint32_t cpu, std::uint32_t tid,
                                                       std::uint64_t from_ns,
                                                       std::uint64_t to_ns) const {
    const Cpu* const place = cpu < cpus_.size() ? cpus_[cpu].get() : nullptr;
    if (place == nullptr) {
        return std::nullopt;
    }
    std::optional<Overlap> found;
    const std::uint64_t known = std::min<std::uint64_t>(place->count, kept);
    for (std::uint64_t back = 1; back <= known; ++back) {
        const Run& run = place->runs[(place->count - back) % kept];
        if (run.end_ns <= from_ns) {
            break;
        }
        const std::uint64_t first_ns = std::max(run.began_ns, from_ns);
        const std::uint64_t last_ns = std::min(run.end_ns, to_ns);
        if (run.task.tid == tid && first_ns < last_ns &&
            (!found || last_ns - first_ns > found->to_ns - found->from_ns)) {
            found = Overlap{run.task, run.began_ns, first_ns, last_ns};
        }
    }
    return found;
}

}  // namespace rqs::perfetto
