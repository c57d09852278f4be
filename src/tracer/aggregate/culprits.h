// SPDX-License-Identifier: BSD-2-Clause
// Who had the CPU while others waited, for how long, and while whom.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "aggregate/group.h"
#include "aggregate/places.h"
#include "model/event.h"
#include "model/options.h"

namespace rqs {

/// Victims that are told apart have a slot each; slot 0 is for all that have none.
constexpr std::size_t victim_slots = 32;
constexpr std::size_t loose_slot = 0;

/// How many waits of each victim slot cover a run.
using Covering = std::array<std::uint32_t, victim_slots>;

struct CulpritOptions {
    GroupBy by = GroupBy::process;
    const KnownNames* names = nullptr;
    /// When so many are known the smaller half is forgotten: its time is nobody's.
    std::size_t max_culprits = 4096;
};

constexpr std::size_t culprit_columns = 64;

struct CulpritSum {
    GroupLabel label;
    std::uint64_t ns = 0;  ///< once for each wait that it kept waiting
    std::size_t column = culprit_columns;
};

/// Time that groups had the CPU. Totals are exact for as long as a group is remembered; whom it
/// kept waiting is known of 64 of them, the largest as a rule. Bounded: about 100 bytes for each of
/// `max_culprits`, and 16 KiB.
class Culprits {
  public:
    using Map = std::unordered_map<GroupKey, CulpritSum, GroupKeyHash>;

    explicit Culprits(const CulpritOptions& options);

    /// The whole run lies in so many waits of each slot.
    void add(const Ran& run, const Covering& covering);
    /// `ns` of the run lie in one wait.
    void add(const Ran& run, std::size_t slot, std::uint64_t ns);
    /// The slot's victim has none any more.
    void release(std::size_t slot);
    void clear();

    [[nodiscard]] const Map& sums() const { return sums_; }
    /// The ns that it had the CPU while the slot's victim waited; less than the truth where either
    /// came late to its place.
    [[nodiscard]] std::uint64_t cell(const CulpritSum& culprit, std::size_t slot) const {
        return culprit.column == culprit_columns ? 0 : cells_.at(culprit.column).at(slot);
    }
    [[nodiscard]] std::uint64_t folded() const { return folded_; }

  private:
    using Cells = std::array<std::uint64_t, victim_slots>;

    CulpritSum& sum_of(const Ran& run, std::uint64_t ns);
    void give_column(const GroupKey& key, CulpritSum& sum);
    void fold();

    CulpritOptions options_;
    Map sums_;
    Places<culprit_columns> places_;
    std::array<Cells, culprit_columns> cells_{};
    std::uint64_t folded_ = 0;
};

}  // namespace rqs
