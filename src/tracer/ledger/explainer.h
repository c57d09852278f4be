// SPDX-License-Identifier: BSD-2-Clause
// Records in, waits out: a timeline for each CPU, and a ledger over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/timeline.h"
#include "model/event.h"
#include "model/record.h"

namespace rqs {

/// How many runs of each CPU are remembered, so that all of them together stay within a few MiB: a
/// power of two, 512 to 8192.
std::size_t runs_kept(std::uint32_t cpus);

class Explainer {
  public:
    Explainer(Detail detail, std::size_t runs_kept);

    void add(const ThrottleLook& look) { timeline(look.cpu).add_throttling(look); }
    /// The run that ended with this switch.
    Ran add(const Switch& record);

    /// The wait of who came: everything but what explain() fills in.
    static void describe(const Switch& record, const Arrival& came, Wait& wait);
    /// To be called after add() of the same record: `sums`, `cause`, `why`, `stretches`.
    void explain(const Switch& record, const Arrival& came, Wait& wait);

  private:
    Timeline& timeline(std::uint32_t cpu);

    Detail detail_;
    std::size_t runs_kept_;
    Ledger ledger_;
    std::vector<std::unique_ptr<Timeline>> timelines_;  // by CPU, made when it first says something
};

}  // namespace rqs
