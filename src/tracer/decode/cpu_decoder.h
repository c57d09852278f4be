// SPDX-License-Identifier: BSD-2-Clause
// One CPU's stream of slots (contract/wire.h) as records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "contract/wire.h"
#include "model/event.h"
#include "model/record.h"
#include "util/error.h"

namespace rqs {

/// Slots by position, in a circle of a power of two.
struct SlotRing {
    const rqs_slot* slots = nullptr;
    std::uint64_t mask = 0;

    [[nodiscard]] const rqs_slot& at(std::uint64_t position) const {
        return slots[position & mask];
    }
};

class CpuDecoder {
  public:
    /// `attached_ns` is when the hook was known to be there (CLOCK_MONOTONIC), 0 if that is not
    /// known.
    explicit CpuDecoder(std::uint32_t cpu, std::uint64_t attached_ns = 0)
        : cpu_(cpu), attached_ns_(attached_ns) {}

    /// What the group at `tail` is about, before it is taken. `head`: where what is published ends.
    struct Group {
        std::uint64_t ts_ns = 0;  ///< when its wait ended, CLOCK_MONOTONIC
        std::uint64_t slots = 0;  ///< how many it takes in the ring
    };
    [[nodiscard]] Result<Group> look(const SlotRing& ring, std::uint64_t tail,
                                     std::uint64_t head) const;

    /// Hands on the records of a group that look() found good. An error means that the stream is
    /// not what the contract says; some records may have been handed on then.
    Status take(const SlotRing& ring, std::uint64_t tail, RecordHandler& handler);

  private:
    struct Waiting {  // a group's two halves of a wait
        rqs_wait_a a;
        rqs_wait_b b;
    };
    struct Slots {  // a group's history, oldest first
        const SlotRing& ring;
        std::uint64_t begin;
        std::uint32_t first;
        std::uint32_t count;

        [[nodiscard]] const rqs_slot& at(std::uint32_t i) const {
            return ring.at(begin + (first + i) % count);
        }
    };
    [[nodiscard]] Switch switch_of(const rqs_slot& slot);
    [[nodiscard]] ThrottleLook throttle_of(const rqs_slot& slot);
    [[nodiscard]] Result<Arrival> arrival_of(const Waiting& wait, const Switch& at) const;
    [[nodiscard]] std::optional<std::uint64_t> attached_clock(const Slots& slots,
                                                              const rqs_wait_a& wait);
    bool follows(std::uint32_t seq);
    [[nodiscard]] tl::unexpected<Error> corrupt(const char* what) const;

    std::uint32_t cpu_;
    std::uint64_t attached_ns_;  // 0 once it has been told
    std::uint32_t next_seq_ = 0;
    bool has_seq_ = false;
    bool behind_gap_ = false;  // slots lack between the last switch and a look behind it
};

/// What the task iterator wrote about one waiting task.
Stuck decode_stuck(const rqs_stuck& raw);

}  // namespace rqs
