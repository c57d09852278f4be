// SPDX-License-Identifier: BSD-2-Clause
// The waits that the page lists one by one: the longest of all, and the longest of each bin, so
// that there is something to look at in every span.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "aggregate/worst_waits.h"
#include "html/time_grid.h"
#include "model/event.h"

namespace rqs::html {

class LongestWaits {
  public:
    static constexpr std::size_t of_all = 1500;
    /// Bins of the grid that are one here.
    static constexpr std::size_t joined = 2;

    LongestWaits() : worst_(of_all), bins_(TimeGrid::bins / joined) {}

    /// A wait of this length is among the longest of all so far.
    [[nodiscard]] bool is_worst(std::uint64_t wait_ns) const {
        return wait_ns >= worst_.parts_from_ns();
    }
    void add(const TimeGrid& grid, const Wait& wait);
    void fold();

    /// Longest first, none twice.
    [[nodiscard]] std::vector<Wait> waits() const;

  private:
    WorstWaits worst_;
    std::vector<Wait> bins_;  // wait_ns 0: none yet
};

}  // namespace rqs::html
