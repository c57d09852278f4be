// SPDX-License-Identifier: BSD-2-Clause
// One CPU's stream of slots (contract/wire.h) as waits with their ledgers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "contract/wire.h"
#include "ledger/ledger.h"
#include "ledger/timeline.h"
#include "model/event.h"
#include "util/error.h"

namespace rqs {

class CpuDecoder {
  public:
    /// `history` is the number of switches that the kernel side remembers; `attached_ns` is when
    /// the hook was known to be there (CLOCK_MONOTONIC), 0 if that is not known.
    CpuDecoder(std::uint32_t cpu, std::size_t history, std::uint64_t attached_ns = 0);

    /// Takes the next slot of the stream. Returns true when it completes a wait, which is then in
    /// `out` (all fields set, capacity of `why` reused). An error means that the stream is not
    /// what the contract says; the decoder then starts afresh at the next group.
    Result<bool> take(const rqs_slot& slot, Wait& out);

  private:
    void take_run(const rqs_slot& slot);
    void take_throttle(const rqs_slot& slot);
    void tell_when_attached(std::uint64_t mono_ns, std::uint64_t clock_ns);
    Result<bool> finish_wait(const rqs_slot& slot, Wait& out);
    tl::unexpected<Error> corrupt(const char* what);

    std::uint32_t cpu_;
    std::uint64_t attached_ns_;  // 0 once the timeline knows
    Timeline timeline_;
    Ledger ledger_;
    std::optional<rqs_wait_a> open_;  // waits for its second half
};

/// What the task iterator wrote about one waiting task.
Stuck decode_stuck(const rqs_stuck& raw);

}  // namespace rqs
