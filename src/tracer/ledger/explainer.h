// SPDX-License-Identifier: BSD-2-Clause
// Records in, waits out: a timeline for each CPU, and a ledger over it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/timeline.h"
#include "model/event.h"
#include "model/record.h"

namespace rqs {

/// How many runs of each CPU are remembered, so that all of them together stay within a few MiB: a
/// power of two, 512 to 32768.
std::size_t runs_kept(std::uint32_t cpus);

class Explainer {
  public:
    Explainer(Detail detail, std::size_t runs_kept);

    void add(const ThrottleLook& look) { cpu(look.cpu).timeline.add_throttling(look); }
    /// The run that ended with this switch.
    Ran add(const Switch& record);

    /// The wait of who came: everything but what explain() fills in.
    static void describe(const Switch& record, const Arrival& came, Wait& wait);
    /// To be called after add() of the same record: `sums`, `cause`, `stretches`, and where they
    /// are wanted `why` and `brief`.
    void explain(const Switch& record, const Arrival& came, bool with_parts, Wait& wait);
    /// From now on, whether no more than a few tasks are named: what else costs most.
    void be_brief(bool brief) { brief_ = brief; }

  private:
    struct Cpu {
        Cpu(Detail detail, std::size_t runs_kept)
            : timeline(runs_kept, detail.parts), ledger(detail) {}
        Timeline timeline;
        Ledger ledger;
        std::optional<std::uint64_t> offset_ns;  // CLOCK_MONOTONIC less the CPU's clock, once told
    };

    Cpu& cpu(std::uint32_t number);

    Detail detail_;
    std::size_t runs_kept_;
    bool brief_ = false;
    std::vector<std::unique_ptr<Cpu>> cpus_;  // made when each first says something
};

}  // namespace rqs
