// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/victims.h"

#include <algorithm>
#include <utility>

#include "aggregate/largest.h"

namespace rqs {

void VictimSum::add(const VictimSum& other) {
    waits += other.waits;
    ns += other.ns;
    max_ns = std::max(max_ns, other.max_ns);
    ran_ns += other.ran_ns;
    waited_ns += other.waited_ns;
    for (std::size_t i = 0; i < plain_ns.size(); ++i) {
        plain_ns.at(i) += other.plain_ns.at(i);
    }
}

// With less than two, half of them would be none.
Victims::Victims(std::size_t most) : most_(std::max<std::size_t>(most, 2)) {}

void Victims::clear() {
    *this = Victims(most_);
}

VictimSum& Victims::about_to_wait(const GroupKey& key, std::uint64_t wait_ns, Blame& blame) {
    auto found = sums_.find(key);
    if (found == sums_.end()) {
        if (sums_.size() >= most_) {
            fold(blame);
        }
        found = sums_.try_emplace(key).first;
    }
    VictimSum& sum = found->second;
    if (sum.slot == loose_slot) {
        give_slot(key, sum, wait_ns, blame);
    } else {
        places_.grow(sum.slot - 1, wait_ns);
    }
    return sum;
}

void Victims::give_slot(const GroupKey& key, VictimSum& sum, std::uint64_t wait_ns, Blame& blame) {
    const std::size_t place = places_.offer(sum.ns + wait_ns);
    if (place == victim_slots - 1) {
        return;
    }
    if (places_.held(place)) {
        sums_.at(places_.holder(place)).slot = loose_slot;
        blame.release(place + 1);
    }
    places_.take(place, key, sum.ns + wait_ns);
    sum.slot = place + 1;
    sum.before_slot_ns = sum.ns;
}

void Victims::fold(Blame& blame) {
    Map next;
    next.reserve(most_);
    for (const auto* entry : largest(sums_, most_ / 2)) {
        next.insert(*entry);
    }
    for (const auto& [key, sum] : sums_) {
        if (next.contains(key)) {
            continue;
        }
        folded_.add(sum);
        if (sum.slot != loose_slot) {
            blame.release(sum.slot);
            places_.free(sum.slot - 1);
        }
    }
    folded_count_ += sums_.size() - next.size();
    sums_ = std::move(next);
}

}  // namespace rqs
