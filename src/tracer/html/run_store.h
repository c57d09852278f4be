// SPDX-License-Identifier: BSD-2-Clause
// Single switches, as many as there is room for. They are kept in blocks of neighbours; where there
// is no room for all, the blocks around the longest waits stay, and the page says of the rest that
// it shows shares of bins (LaneGrid) in place of switches.
//
// Rejected: leaving out runs below a length that grows. The lane around a bad wait, for which one
// opens the page, would be the first to lose its short runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "model/event.h"

namespace rqs::html {

class RunStore {
  public:
    /// Times are counted in these from the origin on: a run of any length stays exact to it, and
    /// errors do not add up.
    static constexpr std::uint64_t tick_ns = 100;
    static constexpr std::size_t default_bytes = 3'300'000;

    struct Run {
        std::uint32_t cpu = 0;
        std::uint64_t from_ns = 0;  ///< from the origin on
        std::uint64_t to_ns = 0;
        std::uint32_t task = 0;
        Left left = Left::unknown;
        std::uint64_t waited_ns = 0;  ///< before this run; 0: not known
        Cause cause = Cause::unknown;
    };

    explicit RunStore(std::uint32_t cpus, std::size_t most_bytes = default_bytes);

    void add(const Run& run);
    /// A wait that ended on this CPU: runs from its beginning on are worth as much as it is long.
    /// Looks back over at most `far_blocks` blocks.
    void value(std::uint32_t cpu, std::uint64_t from_ns, std::uint64_t wait_ns, bool look_back);

    /// Leaves out what is worth least until no more than this is left.
    void shrink(std::size_t most_bytes);
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    /// Whether every run that was added is still there.
    [[nodiscard]] bool complete() const { return complete_; }

    /// For each CPU: how many blocks, and of each: ticks from the end of the one before to its
    /// beginning, how many runs, and of each ticks * 8 + Left, task, and ticks of the wait before
    /// it * 8 + Cause (0: none).
    [[nodiscard]] std::string column() const;

  private:
    struct Block {
        std::uint64_t from_tick = 0;
        std::uint64_t to_tick = 0;
        std::uint64_t worth_ns = 0;
        std::size_t runs = 0;
        std::string bytes;
        [[nodiscard]] std::size_t cost() const { return bytes.size() + block_cost; }
    };
    static constexpr std::size_t block_cost = 8;
    static constexpr std::size_t runs_a_block = 128;
    static constexpr std::size_t far_blocks = 256;

    Block& block_for(std::uint32_t cpu, std::uint64_t from_tick);
    void forget(std::size_t most_bytes, std::size_t blocks_spared);

    std::size_t most_bytes_;
    std::size_t bytes_ = 0;
    bool complete_ = true;
    std::vector<std::deque<Block>> cpus_;
};

}  // namespace rqs::html
