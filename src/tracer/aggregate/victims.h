// SPDX-License-Identifier: BSD-2-Clause
// Who waited, and for how long.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "aggregate/blame.h"
#include "aggregate/group.h"
#include "aggregate/places.h"
#include "model/event.h"

namespace rqs {

/// What of waits was no task's, in the order of Group::Kind.
constexpr std::array plain_kinds{Group::Kind::idle, Group::Kind::throttled, Group::Kind::elsewhere,
                                 Group::Kind::irq,  Group::Kind::steal,     Group::Kind::unknown};
using PlainNs = std::array<std::uint64_t, plain_kinds.size()>;

struct VictimSum {
    GroupLabel label;
    std::uint64_t waits = 0;
    std::uint64_t ns = 0;
    std::uint64_t max_ns = 0;
    std::uint64_t ran_ns = 0;
    std::uint64_t waited_ns = 0;
    PlainNs plain_ns{};
    std::size_t slot = loose_slot;     ///< where its culprits are counted
    std::uint64_t before_slot_ns = 0;  ///< of `ns`: waited before it had its slot

    void add(const VictimSum& other);
};

/// Bounded: about 300 bytes for each of `most`. When so many are known, the smaller half is folded
/// into one: a victim that comes late but waits long is still found.
class Victims {
  public:
    using Map = std::unordered_map<GroupKey, VictimSum, GroupKeyHash>;

    explicit Victims(std::size_t most);

    /// The sum to which the caller is going to add a wait of `wait_ns`. Has a slot of its own if it
    /// is among the largest; whoever has to give one up is released from `blame`.
    VictimSum& about_to_wait(const GroupKey& key, std::uint64_t wait_ns, Blame& blame);
    void clear();

    [[nodiscard]] const Map& sums() const { return sums_; }
    [[nodiscard]] const VictimSum& folded() const { return folded_; }
    [[nodiscard]] std::uint64_t folded_count() const { return folded_count_; }

  private:
    void give_slot(const GroupKey& key, VictimSum& sum, std::uint64_t wait_ns, Blame& blame);
    void fold(Blame& blame);

    std::size_t most_;
    Map sums_;
    Places<victim_slots - 1> places_;  // place i is slot i + 1
    VictimSum folded_;
    std::uint64_t folded_count_ = 0;
};

}  // namespace rqs
