// SPDX-License-Identifier: BSD-2-Clause
// Waits whose parts were written by hand, turned into what the ledger hands on of them.
#pragma once

#include <cstdint>
#include <vector>

#include "aggregate/summary.h"
#include "model/event.h"

namespace rqs::waits_for_test {

inline void add_plain(const Part& part, WaitSums& sums) {
    switch (part.kind) {
        case PartKind::ran:
            (part.relation == Relation::self ? sums.self_ns : sums.contention_ns) += part.ns;
            break;
        case PartKind::others:
            sums.contention_ns += part.ns;
            break;
        case PartKind::idle:
            sums.idle_ns += part.ns;
            break;
        case PartKind::throttled:
            sums.throttled_ns += part.ns;
            break;
        case PartKind::elsewhere:
            sums.elsewhere_ns += part.ns;
            break;
        case PartKind::irq:
            sums.irq_ns += part.ns;
            break;
        case PartKind::steal:
            sums.steal_ns += part.ns;
            break;
        case PartKind::unknown:
            sums.unknown_ns += part.ns;
            break;
    }
}

/// Each part `ran` of a wait becomes a run of its own, as if waits came one after the other.
class ByHand {
  public:
    static constexpr std::size_t runs_kept = 1024;

    static SummaryOptions options() {
        SummaryOptions options;
        options.cpus = 256;
        options.runs_kept = runs_kept;
        return options;
    }

    void add(Summary& summary, Wait wait) {
        for (const Ran& run : explain(wait)) {
            summary.ran(run);
        }
        summary.add(wait);
    }

    /// Fills in `sums` and `stretches` from `why`; returns the runs that they speak of.
    std::vector<Ran> explain(Wait& wait) {
        std::vector<Ran> runs;
        wait.sums = {};
        for (const Part& part : wait.why) {
            add_plain(part, wait.sums);
            if (part.kind == PartKind::ran) {
                runs.push_back({0, next_++, part.ns, part.task, 0, part.cgroup_id});
            }
        }
        wait.cpu = 0;
        wait.stretches.clear();
        if (!runs.empty()) {
            wait.stretches.push_back({runs.front().position, runs.back().position,
                                      runs.front().ran_ns,
                                      runs.size() == 1 ? 0 : runs.back().ran_ns});
        }
        return runs;
    }

  private:
    std::uint64_t next_ = 0;
};

}  // namespace rqs::waits_for_test
