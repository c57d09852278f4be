// SPDX-License-Identifier: BSD-2-Clause
// How many files may be read for names before the next round. Names are looked up between two
// visits of the rings, perhaps at real-time priority: thousands of new processes at once must not
// keep the reader from its rings. What does not fit is looked up in a later round.
#pragma once

#include <cstdint>

namespace rqs {

class ReadBudget {
  public:
    explicit ReadBudget(std::uint32_t reads_per_round) : full_(reads_per_round), left_(full_) {}

    /// `now_ns` is any clock that does not go backwards.
    void begin_round(std::uint64_t now_ns) {
        now_ns_ = now_ns;
        left_ = full_;
    }
    /// The time of the last begin_round().
    [[nodiscard]] std::uint64_t now_ns() const { return now_ns_; }
    [[nodiscard]] bool spent() const { return left_ == 0; }
    /// May overdraw: what was begun is finished.
    void spend(std::uint32_t reads) { left_ -= reads < left_ ? reads : left_; }

  private:
    std::uint32_t full_;
    std::uint32_t left_;
    std::uint64_t now_ns_ = 0;
};

}  // namespace rqs
