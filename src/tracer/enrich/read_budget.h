// SPDX-License-Identifier: BSD-2-Clause
// How many files may be read for names in a period of time. Names are looked up between two visits
// of the rings, perhaps at real-time priority: thousands of new processes at once must not keep the
// reader from its rings, nor be what it spends its time on. What does not fit is looked up later.
#pragma once

#include <cstdint>

namespace rqs {

class ReadBudget {
  public:
    static constexpr std::uint64_t period_ns = 20'000'000;

    explicit ReadBudget(std::uint32_t reads_per_period) : full_(reads_per_period), left_(full_) {}

    /// `now_ns` is any clock that does not go backwards. Rounds may be shorter than a period, which
    /// they are where much is to be read.
    void begin_round(std::uint64_t now_ns) {
        now_ns_ = now_ns;
        if (now_ns - filled_ns_ >= period_ns) {
            filled_ns_ = now_ns;
            left_ = full_;
        }
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
    std::uint64_t filled_ns_ = 0;
};

}  // namespace rqs
