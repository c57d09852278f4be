// SPDX-License-Identifier: BSD-2-Clause
// Processes of this machine by id, for whoever watches it live. A replay has what was looked up
// then.
#pragma once

#include <cstddef>
#include <cstdint>

#include "enrich/read_budget.h"
#include "model/process_info.h"
#include "util/bounded_cache.h"
#include "util/procfs.h"

namespace rqs {

/// Names of processes and of their parents, from /proc/PID/stat. Remembers at most 8192, and reads
/// at most 256 files in ReadBudget::period_ns.
///
/// Ids are those of `procfs`. In a pid namespace of one's own the BPF source's ids are not, and
/// must not be looked up here: in_initial_pid_namespace().
class ProcessNames {
  public:
    static constexpr std::size_t capacity = 8192;
    static constexpr std::uint32_t reads_per_period = 256;

    explicit ProcessNames(util::Procfs procfs = util::Procfs());

    /// To be called after each visit of the rings; `now_ns` as ReadBudget::begin_round().
    void begin_round(std::uint64_t now_ns) { budget_.begin_round(now_ns); }

    /// A process, at most about a second old: names change, ids are given out again. nullptr: no
    /// such process, or none yet because the round's reads are spent: ask again in a later round.
    /// One that has ended stays known until others need the room or its id is another's. The
    /// pointer is valid until the next look-up.
    const ProcessInfo* look_up(std::uint32_t pid);

    [[nodiscard]] std::size_t size() const { return cache_.size(); }

  private:
    struct Entry {
        ProcessInfo info;
        bool known = false;  // false: looked for and not found
        std::uint64_t read_ns = 0;
    };

    Entry* refresh(std::uint32_t pid);
    void read(std::uint32_t pid, Entry& entry);

    util::Procfs procfs_;
    ReadBudget budget_{reads_per_period};
    util::BoundedCache<Entry> cache_{capacity};
};

}  // namespace rqs
