// SPDX-License-Identifier: BSD-2-Clause
// A few places for the largest of many groups.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "aggregate/group.h"

namespace rqs {

/// First come, first served; when all places are taken, a group that is larger by a quarter than
/// the smallest holder takes that one's place. Holders only grow, so a place changes hands at most
/// log(2^64) / log(1.25) = 199 times unless it is freed: what a change costs does not matter.
template <std::size_t places>
class Places {
  public:
    static constexpr std::size_t none = places;

    /// The place that a group of so many ns may take, or `none`.
    [[nodiscard]] std::size_t offer(std::uint64_t ns) {
        if (taken_ < places) {
            return static_cast<std::size_t>(std::find(held_.begin(), held_.end(), false) -
                                            held_.begin());
        }
        if (!larger(ns, least_ns_)) {
            return none;
        }
        const auto least = std::min_element(ns_.begin(), ns_.end());
        least_ns_ = *least;
        return larger(ns, least_ns_) ? static_cast<std::size_t>(least - ns_.begin()) : none;
    }
    void take(std::size_t place, const GroupKey& key, std::uint64_t ns) {
        taken_ += held_.at(place) ? 0U : 1U;
        held_.at(place) = true;
        keys_.at(place) = key;
        ns_.at(place) = ns;
    }
    void grow(std::size_t place, std::uint64_t ns) { ns_.at(place) += ns; }
    void free(std::size_t place) {
        taken_ -= held_.at(place) ? 1U : 0U;
        held_.at(place) = false;
        least_ns_ = 0;  // who comes may be smaller than all that are here
    }

    [[nodiscard]] bool held(std::size_t place) const { return held_.at(place); }
    /// Who holds a place that is held.
    [[nodiscard]] const GroupKey& holder(std::size_t place) const { return keys_.at(place); }

  private:
    static bool larger(std::uint64_t ns, std::uint64_t least_ns) {
        return ns > least_ns + least_ns / 4;
    }

    std::array<GroupKey, places> keys_;
    std::array<std::uint64_t, places> ns_{};
    std::array<bool, places> held_{};
    std::size_t taken_ = 0;
    std::uint64_t least_ns_ = 0;  // no holder is smaller
};

}  // namespace rqs
