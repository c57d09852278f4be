// SPDX-License-Identifier: BSD-2-Clause
// What threads ran and waited in all, from the kernel's own counts, which each wait carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/event.h"

namespace rqs {

/// The last counts of each thread, in a direct-mapped table: 32 bytes for each of 8192 entries.
/// Of two threads that share an entry, the second is not known until the first has been quiet for
/// a second. It adds nothing meanwhile, neither running nor waiting: their ratio stays true.
class ThreadTimes {
  public:
    struct Spent {
        std::uint64_t ran_ns = 0;
        std::uint64_t waited_ns = 0;  ///< in waits of any length
    };

    /// What the thread spent from the end of the wait before to the end of this one; of its first
    /// wait, that wait alone. Both 0 where it is not known.
    Spent since_last(const Wait& wait);

  private:
    struct Entry {
        std::uint32_t tid = 0;
        std::uint32_t pid = 0;
        std::uint64_t ts_ns = 0;
        std::uint64_t run_delay_ns = 0;
        std::uint64_t runtime_ns = 0;
    };
    static constexpr std::size_t entries = 8192;

    std::vector<Entry> entries_;  // none until the first counts come
};

}  // namespace rqs
