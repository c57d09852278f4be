// SPDX-License-Identifier: BSD-2-Clause
// Puts the CPUs' waits, and what is found waiting still, in order of time before they are handed
// on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "sources/source.h"

namespace rqs {

class WaitOrder {
  public:
    /// An empty wait to fill in; it joins the order with commit(). Storage is used again.
    Wait& next();
    void commit();
    /// A task that waits still; those are added oldest first.
    void add(const Stuck& stuck) { stuck_.push_back(stuck); }

    /// Hands on, oldest first, all that happened at or before `until_ns`. Returns how many waits
    /// the handler took; once it refuses something, the rest is dropped.
    std::uint64_t release(std::uint64_t until_ns, EventHandler& handler);

    [[nodiscard]] std::size_t size() const { return order_.size(); }
    /// Waits that came after a later one had been handed on.
    [[nodiscard]] std::uint64_t late() const { return late_; }

  private:
    void release_stuck(std::uint64_t until_ns, EventHandler& handler);

    std::deque<Stuck> stuck_;
    std::deque<Wait> pool_;  // addresses stay
    std::vector<Wait*> free_;
    std::vector<Wait*> order_;
    Wait* open_ = nullptr;
    std::uint64_t newest_released_ns_ = 0;
    std::uint64_t late_ = 0;
    bool refused_ = false;
};

}  // namespace rqs
