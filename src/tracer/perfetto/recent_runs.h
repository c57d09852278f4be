// SPDX-License-Identifier: BSD-2-Clause
// The last runs of each CPU: what a wait's arrow can come from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "model/event.h"

namespace rqs::perfetto {

/// 128 runs of each CPU that did something, 6 KiB. A wait that spans more gets its arrow from one
/// of the last.
class RecentRuns {
  public:
    static constexpr std::size_t kept = 128;

    struct Overlap {
        TaskId task;
        std::uint64_t run_began_ns = 0;
        std::uint64_t from_ns = 0;  ///< of the run and the wait
        std::uint64_t to_ns = 0;
    };

    /// Times are CLOCK_BOOTTIME, ns.
    void add(const Ran& ran, std::uint64_t end_ns);
    /// The run of this thread that had most of the time between the two; nothing if it had none.
    [[nodiscard]] std::optional<Overlap> longest(std::uint32_t cpu, std::uint32_t tid,
                                                 std::uint64_t from_ns, std::uint64_t to_ns) const;

  private:
    struct Run {
        TaskId task;
        std::uint64_t began_ns = 0;
        std::uint64_t end_ns = 0;
    };
    struct Cpu {
        std::array<Run, kept> runs;  // a circle
        std::uint64_t count = 0;
    };

    std::vector<std::unique_ptr<Cpu>> cpus_;
};

}  // namespace rqs::perfetto
