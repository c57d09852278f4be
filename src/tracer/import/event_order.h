// SPDX-License-Identifier: BSD-2-Clause
// Puts events in order of time that come from one buffer of a CPU after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "import/sched_event.h"

namespace rqs::import {

/// Holds at most `most` events; then the older half is handed on, whatever comes later.
class EventOrder {
  public:
    static constexpr std::size_t most = std::size_t{1} << 19;

    void add(const SchedEvent& event, EventTaker& taker) {
        if (held_.size() >= most) {
            hand_on(held_.size() / 2, taker);
        }
        newest_ns_ = event.ts_ns > newest_ns_ ? event.ts_ns : newest_ns_;
        held_.push_back(event);
    }
    /// All buffers were visited once more: nothing will come that is older than what had come by
    /// the time before.
    void round(EventTaker& taker);
    void finish(EventTaker& taker) { hand_on(held_.size(), taker); }

    [[nodiscard]] std::size_t held() const { return held_.size(); }
    /// Events that came after younger ones had been handed on.
    [[nodiscard]] std::uint64_t late() const { return late_; }

  private:
    using Key = std::pair<std::uint64_t, std::uint32_t>;  // when, which of held_

    void sort();
    void hand_on(std::size_t count, EventTaker& taker);

    std::vector<SchedEvent> held_;
    std::vector<SchedEvent> rest_;
    std::vector<Key> keys_;
    std::uint64_t newest_ns_ = 0;
    std::uint64_t complete_ns_ = 0;  // by the last round
    std::uint64_t handed_ns_ = 0;
    std::uint64_t late_ = 0;
};

}  // namespace rqs::import
