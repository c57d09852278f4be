// SPDX-License-Identifier: BSD-2-Clause
// What each CPU did, in bins: who had it for which share, and the longest wait that ended on it.
// This is what the page shows where single switches are too many.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "html/time_grid.h"
#include "model/event.h"

namespace rqs::html {

/// At most 65,536 bins for all CPUs together: 10 MiB.
class LaneGrid {
  public:
    static constexpr std::size_t most_bins = 65536;
    static constexpr std::size_t actors_told = 5;
    static constexpr std::uint64_t whole = 127;  ///< a share of a whole bin in the page

    struct Peak {
        std::uint64_t end_ns = 0;
        std::uint64_t wait_ns = 0;
        std::uint32_t task = 0;
        Cause cause = Cause::unknown;
    };

    explicit LaneGrid(std::uint32_t cpus);

    /// Bins of the grid that are one here.
    [[nodiscard]] std::size_t joined() const { return joined_; }

    void ran(const TimeGrid& grid, std::uint32_t cpu, std::uint64_t from_ns, std::uint64_t to_ns,
             std::uint32_t actor);
    void wait(const TimeGrid& grid, const Wait& wait, std::uint32_t task);
    void fold();

    /// For each CPU and each bin: how many actors, and of each its number and share of `whole`.
    [[nodiscard]] std::string shares_column(const TimeGrid& grid, std::size_t used) const;
    /// For each CPU: how many, and of each: ns from the end of the one before, length in ns, cause,
    /// task.
    [[nodiscard]] std::string peaks_column(const TimeGrid& grid) const;

  private:
    struct Share {
        std::uint32_t actor = 0;
        std::uint64_t ns = 0;
    };
    struct Bin {
        std::array<Share, actors_told> shares{};
        std::uint64_t others_ns = 0;
        Peak peak;

        void add(std::uint32_t actor, std::uint64_t ns);
    };

    std::size_t joined_ = 1;
    std::vector<std::vector<Bin>> cpus_;  // empty: nothing was seen of that CPU
};

}  // namespace rqs::html
