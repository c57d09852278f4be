// SPDX-License-Identifier: BSD-2-Clause
// Who had the CPU while others waited, without looking at each run of each wait.
//
// A wait covers a stretch of its CPU's runs. Instead of walking it, +1 is noted where it begins and
// -1 where it ends. Runs are remembered in a circle, and when one leaves it the notes up to it
// say how many waits covered it: that many times its length was spent waiting for it. A wait costs
// the same however many runs it spans, and a run the same however many waits span it.
//
// Rejected: walking each wait's parts (O(runs) a wait: under overload nearly all of the tool's
// CPU), prefix sums by culprit (O(culprits) for each wait, and for each remembered run in memory).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "aggregate/culprits.h"
#include "model/event.h"
#include "util/zeroed_array.h"

namespace rqs {

struct BlameOptions {
    CulpritOptions culprits;
    std::uint32_t cpus = 0;     ///< highest CPU number plus one: what others do is not blamed
    std::size_t runs_kept = 0;  ///< how far back a stretch may reach, in runs of its CPU
};

/// Memory, beside Culprits': 8 bytes a CPU, and for each CPU that ran something 208 bytes times
/// `runs_kept` (rounded up to a power of two): 208 KiB where that is 1024.
class Blame {
  public:
    explicit Blame(const BlameOptions& options);

    /// A run is told before the waits that cover it, those of a CPU in order.
    void ran(const Ran& run);
    /// The wait's stretches, for a victim of this slot. They are not blamed on anybody where they
    /// are not remembered or sum to more than `ran_ns`, so that no more is blamed than was waited.
    void add(const Wait& wait, std::size_t slot, std::uint64_t ran_ns);
    /// The slot is to be another's: what its victim waited counts as that of slot 0 from now on.
    void release(std::size_t slot);
    /// Forgets whom waits were blamed on, but not the runs: a wait that ends later covers them too.
    void clear();

    /// Everything that was added, the runs that are still remembered included.
    [[nodiscard]] Culprits settled() const;

  private:
    struct Kept {
        Ran run;
        std::uint64_t until_ns = 0;  ///< task time of the CPU's runs up to and with this one
        bool noted = false;          ///< its notes are not all zero
    };
    struct Cpu {
        explicit Cpu(std::size_t capacity) : runs(capacity), notes(capacity) {}

        [[nodiscard]] std::size_t at(std::uint64_t position) const {
            return position & (runs.size() - 1);
        }
        [[nodiscard]] std::uint64_t until_ns(std::uint64_t position) const {
            return runs[at(position)].until_ns;
        }
        void note(std::uint64_t position, std::size_t slot, std::uint32_t change);

        /// Calls `look` with the place of each run that has notes.
        template <typename Look>
        void each_noted(Look&& look) {
            for (std::uint64_t position = begin; position < end; ++position) {
                if (runs[at(position)].noted) {
                    look(at(position));
                }
            }
        }

        util::ZeroedArray<Kept> runs;
        /// Changes to `covering` at each run. They and it wrap around together. A thread waits once
        /// at a time: as many waits of a slot as threads can cover a run, far below 2^32.
        util::ZeroedArray<Covering> notes;
        std::uint64_t begin = 0;  ///< position of the oldest run that is remembered
        std::uint64_t end = 0;    ///< and of the next to come
        Covering covering{};      ///< of the last run that was forgotten
        bool covered = false;     ///< that is not all zero
    };

    Cpu* known(std::uint32_t cpu) const;
    void forget_oldest(Cpu& cpu);
    static void settle(const Cpu& cpu, Culprits& culprits);
    static std::optional<std::uint64_t> blamed_ns(const Cpu& cpu, const Stretch& stretch,
                                                  std::uint64_t most_ns);
    static bool fits(const Cpu& cpu, const Wait& wait, std::uint64_t ran_ns);
    void add(Cpu& cpu, const Stretch& stretch, std::size_t slot);

    std::size_t capacity_;
    std::vector<std::unique_ptr<Cpu>> cpus_;
    Culprits culprits_;
};

}  // namespace rqs
