// SPDX-License-Identifier: BSD-2-Clause
// How often each of a few hundred keys was met.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "util/hash.h"

namespace rqs {

/// A small table of open addressing that is used again and again: clearing it costs as much as was
/// met since, not as much as there is room for.
class Tally {
  public:
    struct Met {
        std::uint64_t key = 0;
        std::uint32_t times = 0;
        std::size_t slot = 0;
    };

    /// Forgets everything; `most` different keys may follow.
    void clear(std::size_t most) {
        for (const Met& met : met_) {
            slots_[met.slot] = 0;
        }
        met_.clear();
        if (slots_.size() < most * 2) {
            slots_.assign(std::bit_ceil(most * 2), 0);
        }
    }

    void add(std::uint64_t key) {
        const std::size_t mask = slots_.size() - 1;
        std::size_t slot = util::hash(key) & mask;
        while (slots_[slot] != 0 && met_[slots_[slot] - 1].key != key) {
            slot = (slot + 1) & mask;
        }
        if (slots_[slot] == 0) {
            met_.push_back({key, 0, slot});
            slots_[slot] = static_cast<std::uint32_t>(met_.size());
        }
        ++met_[slots_[slot] - 1].times;
    }

    /// In the order of their first meeting.
    [[nodiscard]] const std::vector<Met>& met() const { return met_; }

  private:
    std::vector<Met> met_;
    std::vector<std::uint32_t> slots_;  // index in met_ plus one; 0 is free
};

}  // namespace rqs
