// SPDX-License-Identifier: BSD-2-Clause
// Who waited, why, and who had the CPU meanwhile: sums over many waits, in bounded memory.
//
// Conservation, which the tests hold it to: time by cause, victims with their rest, culprits with
// their rest, and the cells of the table each sum to the total time waited, to the nanosecond.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aggregate/histogram.h"
#include "model/event.h"
#include "model/options.h"

namespace rqs {

constexpr std::size_t cause_count = static_cast<std::size_t>(Cause::unknown) + 1;

/// What a row or a column of a report stands for.
struct Group {
    enum class Kind : std::uint8_t {
        process,
        cgroup,
        // Parts of waits in which nobody ran, named like the ledger's parts.
        idle,
        throttled,
        elsewhere,
        irq,
        steal,
        unknown,
        others
    };
    Kind kind = Kind::others;
    std::uint64_t id = 0;  ///< pid or cgroup id
    std::string label;     ///< raw comm or cgroup path, never yet made safe; may be empty
};

std::string_view name(Group::Kind kind);

/// A snapshot of a Summary, ready to be printed.
struct SummaryReport {
    struct CauseRow {
        Cause cause = Cause::unknown;
        std::uint64_t waits = 0;
        std::uint64_t wait_ns = 0;
    };
    struct Percentile {
        std::string_view name;
        double quantile = 0;
        std::uint64_t ns = 0;
    };
    struct Victim {
        Group who;
        std::uint64_t waits = 0;
        std::uint64_t wait_ns = 0;
        std::uint64_t max_ns = 0;  ///< 0 where single waits are not known
    };
    struct Culprit {
        Group who;
        std::uint64_t ns = 0;  ///< had the CPU while others waited
    };
    struct TableRow {
        Group victim;
        std::vector<std::uint64_t> ns;  ///< one a column of `table_culprits`
        std::uint64_t others_ns = 0;    ///< every other culprit
        std::uint64_t wait_ns = 0;      ///< the row's sum
    };

    std::uint64_t ts_ns = 0;  ///< when it was made, CLOCK_MONOTONIC
    std::uint64_t duration_ns = 0;
    bool last = true;      ///< false: --interval, more will follow
    bool sampled = false;  ///< from Interval events: no causes, percentiles or culprits
    GroupBy by = GroupBy::process;

    std::uint64_t waits = 0;
    std::uint64_t wait_ns = 0;
    std::array<CauseRow, cause_count> causes;  ///< in the order of Cause, zeros included
    std::array<Percentile, 5> percentiles;     ///< p50 p90 p99 p99.9 p99.99
    std::uint64_t max_ns = 0;                  ///< the longest single wait
    std::vector<Victim> victims;               ///< longest total first; perhaps `others` last
    std::vector<Culprit> culprits;             ///< most ns first; perhaps `others` last
    std::vector<Group> table_culprits;         ///< the table's columns
    std::vector<TableRow> table;               ///< worst victims first; perhaps `others` last
    std::uint64_t victims_folded = 0;          ///< small ones that gave way to newer ones
    std::uint64_t culprits_folded = 0;
};

struct SummaryOptions {
    GroupBy by = GroupBy::process;
    bool sampled = false;  ///< made of Interval events
    /// The path of a cgroup id (of the hierarchy of sched_cgroup_id); empty text: not known.
    std::function<std::string(std::uint64_t)> cgroup_path;
    std::size_t top = 10;           ///< victims and culprits listed
    std::size_t table_rows = 8;     ///< without `others`
    std::size_t table_columns = 5;  ///< without `others`
    /// Bounds of memory. When one is reached, the smaller half is folded into `others`: a victim
    /// that comes late but waits long is still found.
    std::size_t max_victims = 4096;
    std::size_t max_culprits = 4096;
    std::size_t max_cells = 32768;
};

/// Adds waits up. Not thread-safe; amortised constant time for each part of a wait.
class Summary {
  public:
    explicit Summary(SummaryOptions options);

    void add(const Wait& wait);
    /// Sampled time: victims alone, everything else is unknown.
    void add(const Interval& interval);

    /// Forgets all that was added, e.g. after the report of one --interval.
    void clear();

    [[nodiscard]] std::uint64_t waits() const { return waits_; }

    /// `ts_ns` is now, `duration_ns` what the report covers; `last` false for periodic ones.
    [[nodiscard]] SummaryReport report(std::uint64_t ts_ns, std::uint64_t duration_ns,
                                       bool last = true) const;

  private:
    struct Key {
        Group::Kind kind = Group::Kind::others;
        std::uint64_t id = 0;
        bool operator==(const Key&) const = default;
    };
    struct CellKey {
        Key victim;
        Key culprit;
        bool operator==(const CellKey&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const;
        std::size_t operator()(const CellKey& key) const;
    };
    /// A process is called by its main thread's name where that was seen, else by the last one.
    struct Label {
        Comm comm;
        bool of_main_thread = false;
        void see(const TaskId& task);
    };
    struct VictimSum {
        Label label;
        std::uint64_t waits = 0;
        std::uint64_t ns = 0;
        std::uint64_t max_ns = 0;
    };
    struct CulpritSum {
        Label label;
        std::uint64_t ns = 0;
    };
    using Victims = std::unordered_map<Key, VictimSum, Hash>;
    using Culprits = std::unordered_map<Key, CulpritSum, Hash>;
    using Cells = std::unordered_map<CellKey, std::uint64_t, Hash>;

    [[nodiscard]] Key key_of(const TaskId& task, std::uint64_t cgroup_id) const;
    [[nodiscard]] Key culprit_key(const Part& part) const;
    [[nodiscard]] Group group_of(const Key& key, const Label& label) const;
    VictimSum& victim(const Key& key);
    void blame(const Key& victim, const Key& culprit, const TaskId* task, std::uint64_t ns);
    void fold_victims();
    void fold_culprits();
    void fold_cells();
    void list_victims(SummaryReport& report) const;
    void list_culprits(SummaryReport& report) const;
    void fill_table(SummaryReport& report) const;

    SummaryOptions options_;
    std::uint64_t waits_ = 0;
    std::uint64_t wait_ns_ = 0;
    std::array<SummaryReport::CauseRow, cause_count> causes_;
    Histogram histogram_;
    Victims victims_;
    Culprits culprits_;
    /// The ns that one had the CPU while the other waited. A cell that was folded away is missing
    /// here and thereby counts as `others` in its victim's row, which is a difference of sums.
    Cells cells_;
    std::uint64_t victims_folded_ = 0;
    std::uint64_t culprits_folded_ = 0;
};

}  // namespace rqs
