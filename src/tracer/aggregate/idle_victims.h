// SPDX-License-Identifier: BSD-2-Clause
// Who waited while a CPU that it could have run on idled.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "aggregate/group.h"
#include "model/event.h"

namespace rqs {

/// The CPU that was named for most time, from four counters: exact while no more than four
/// different ones are named, and a CPU that is named for more than a quarter of all time is always
/// among them (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements).
class MostNamed {
  public:
    void add(std::uint32_t cpu, std::uint64_t ns);
    [[nodiscard]] std::uint32_t cpu() const;

  private:
    struct Counter {
        std::uint32_t cpu = 0;
        std::uint64_t ns = 0;
    };
    std::array<Counter, 4> counters_{};
};

/// What waited is bounded: about 150 bytes for each of `most` groups. When so many are known, the
/// smaller half is folded into one.
class IdleVictims {
  public:
    struct Sum {
        GroupLabel label;
        std::uint64_t waits = 0;
        std::uint64_t ns = 0;
        MostNamed idle;
    };
    struct Row {
        Group who;
        std::uint64_t waits = 0;
        std::uint64_t ns = 0;
        std::optional<std::uint32_t> idle_cpu;  ///< nothing for `others`
    };

    explicit IdleVictims(std::size_t most);

    /// `names` may be null.
    void add(const GroupKey& key, const TaskId& task, const KnownNames* names, std::uint64_t ns,
             std::uint32_t idle_cpu);

    /// The `top` that waited longest, and a row `others` where there are more.
    [[nodiscard]] std::vector<Row> rows(std::size_t top, const KnownNames* names) const;
    [[nodiscard]] std::size_t size() const { return sums_.size(); }

  private:
    void fold();

    std::size_t most_;
    std::unordered_map<GroupKey, Sum, GroupKeyHash> sums_;
    std::uint64_t folded_waits_ = 0;
    std::uint64_t folded_ns_ = 0;
};

}  // namespace rqs
