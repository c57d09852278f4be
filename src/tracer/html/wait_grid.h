// SPDX-License-Identifier: BSD-2-Clause
// How many waits were how long, and what they were spent on, over time.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "aggregate/summary.h"
#include "html/time_grid.h"
#include "model/event.h"

namespace rqs::html {

/// Lengths in sixteenths of an octave: a percentile is wrong by 2 % at most.
struct LengthBuckets {
    static constexpr std::size_t per_octave = 16;
    static constexpr unsigned first_octave = 7;  ///< below 128 ns all are one bucket
    static constexpr unsigned last_octave = 36;  ///< and above 137 s
    static constexpr std::size_t size = (last_octave - first_octave + 1) * per_octave + 1;

    /// Bucket 0 is what is shorter than the first octave.
    static std::size_t of(std::uint64_t wait_ns);
};

/// A wait counts where it ended; its time counts where it was waited. 2 MiB.
class WaitGrid {
  public:
    WaitGrid() : bins_(TimeGrid::bins) {}

    void add(const TimeGrid& grid, const Wait& wait);
    void fold();

    /// For each of the first `used` bins: how many buckets are not empty, and for each of these how
    /// many lie between it and the last one, and its count.
    [[nodiscard]] std::string lengths_column(std::size_t used) const;
    /// For each bin the longest wait, in ns.
    [[nodiscard]] std::string longest_column(std::size_t used) const;
    /// For each bin the time waited, in ns, by Cause in its order.
    [[nodiscard]] std::string causes_column(std::size_t used) const;

  private:
    struct Bin {
        std::vector<std::uint32_t> lengths;  // empty: no wait ended here
        std::array<std::uint64_t, cause_count> cause_ns{};
        std::uint64_t longest_ns = 0;
    };
    static void join(Bin& into, const Bin& from);

    std::vector<Bin> bins_;
};

}  // namespace rqs::html
