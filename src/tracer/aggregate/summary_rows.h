// SPDX-License-Identifier: BSD-2-Clause
// A report's victims, culprits and table, picked out of the sums.
#pragma once

#include <cstdint>
#include <vector>

#include "aggregate/culprits.h"
#include "aggregate/name_sums.h"
#include "aggregate/summary.h"
#include "aggregate/victims.h"

namespace rqs {

class SummaryRows {
  public:
    /// All of them must outlive it. `plain_ns`: what of all waits was no task's.
    SummaryRows(const SummaryOptions& options, const Victims& victims, const Culprits& culprits,
                const PlainNs& plain_ns);

    /// Reads and completes what the report says in all.
    void fill(SummaryReport& report) const;
    [[nodiscard]] HeaviestNames heaviest_names() const;

  private:
    /// A culprit of a report: a group of tasks or one of plain_kinds.
    struct Column {
        GroupKey key;
        std::uint64_t ns = 0;
        const CulpritSum* tasks = nullptr;  ///< null: `plain` is meant
        std::size_t plain = 0;
    };
    using Columns = std::vector<Column>;
    using Rows = std::vector<Victims::Map::const_pointer>;

    [[nodiscard]] Columns columns(std::size_t wanted) const;
    [[nodiscard]] Group group(const GroupKey& key) const;
    void list_victims(SummaryReport& report) const;
    void list_culprits(SummaryReport& report) const;
    void fill_table(SummaryReport& report) const;
    [[nodiscard]] SummaryReport::TableRow row(const GroupKey& key, const VictimSum& victim,
                                              const Columns& columns) const;
    [[nodiscard]] std::uint64_t others_ns(const Column& column, const Rows& listed) const;

    const SummaryOptions& options_;
    const Victims& victims_;
    const Culprits& culprits_;
    const PlainNs& plain_ns_;
};

}  // namespace rqs
