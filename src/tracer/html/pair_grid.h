// SPDX-License-Identifier: BSD-2-Clause
// Who waited for whom over time: the largest pairs of each bin, and the rest of it in one sum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "html/cast.h"
#include "html/time_grid.h"
#include "model/event.h"

namespace rqs::html {

/// Sums by (victim, culprit, cause) over a wait's parts. Each bin sums to the time waited in it, to
/// the nanosecond, whatever is folded into `others`.
class PairGrid {
  public:
    /// Bins of the grid that are one here.
    static constexpr std::size_t joined = 4;
    static constexpr std::size_t most_pairs = 512;   ///< of a bin while it is read
    static constexpr std::size_t pairs_shown = 128;  ///< and in the page

    PairGrid() : bins_(TimeGrid::bins / joined) {}

    void add(const TimeGrid& grid, const Wait& wait, std::uint32_t victim, Cast& cast);
    void fold();

    /// For each bin: how many pairs, and of each: victim, culprit, cause, ns. Largest first.
    [[nodiscard]] std::string column(std::size_t used) const;

  private:
    struct Key {
        std::uint32_t victim = 0;
        std::uint32_t culprit = 0;
        Cause cause = Cause::unknown;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const {
            return std::hash<std::uint64_t>()((std::uint64_t{key.victim} << 32) ^
                                              (std::uint64_t{key.culprit} << 8) ^
                                              static_cast<std::uint64_t>(key.cause));
        }
    };
    using Bin = std::unordered_map<Key, std::uint64_t, Hash>;

    static std::vector<std::pair<Key, std::uint64_t>> largest(const Bin& bin, std::size_t most);
    static void bound(Bin& bin);

    std::vector<Bin> bins_;
};

/// What a part of a wait was, as a cause: of tasks that ran it depends on who outranks whom.
Cause cause_of_part(const Wait& wait, const Part& part);

}  // namespace rqs::html
