// SPDX-License-Identifier: BSD-2-Clause
// Who waited, why, and who had the CPU meanwhile: sums over many waits, in bounded memory and in
// time that does not grow with what a wait spans.
//
// Conservation, which the tests hold it to: time by cause, time by kind, victims with their rest,
// culprits with their rest, and the cells of the table each sum to the total time waited, to the
// nanosecond. What cannot be told apart any more is in the rest, never missing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "aggregate/blame.h"
#include "aggregate/group.h"
#include "aggregate/histogram.h"
#include "aggregate/name_sums.h"
#include "aggregate/thread_times.h"
#include "aggregate/victims.h"
#include "model/event.h"
#include "model/options.h"
#include "session/consumer.h"

namespace rqs {

constexpr std::size_t cause_count = static_cast<std::size_t>(Cause::unknown) + 1;
constexpr std::size_t wait_kind_count = static_cast<std::size_t>(WaitKind::unknown) + 1;

/// A snapshot of a Summary, ready to be printed.
struct SummaryReport {
    struct CauseRow {
        Cause cause = Cause::unknown;
        std::uint64_t waits = 0;
        std::uint64_t wait_ns = 0;
    };
    struct KindRow {
        WaitKind kind = WaitKind::unknown;
        std::uint64_t waits = 0;
        std::uint64_t wait_ns = 0;
        std::uint64_t p50_ns = 0;
        std::uint64_t p99_ns = 0;
        std::uint64_t max_ns = 0;
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
        /// What its threads ran and waited, in waits of any length, from each one's first wait to
        /// its last: it waited `waited_ns` of the `ran_ns + waited_ns` that it wanted to run. Both
        /// 0 where that is not known.
        std::uint64_t ran_ns = 0;
        std::uint64_t waited_ns = 0;
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
    std::uint64_t lost = 0;        ///< waits that found no room, in none of the sums
    std::uint64_t left_out = 0;    ///< waits of the tool itself, likewise; known in the last report
    std::uint64_t unknown_ns = 0;  ///< of wait_ns: nobody saw who had the CPU; 0 where sampled
    std::uint64_t early_unknown_ns = 0;        ///< of unknown_ns: in waits that are Wait::early
    std::array<CauseRow, cause_count> causes;  ///< in the order of Cause, zeros included
    std::vector<KindRow> kinds;                ///< in the order of WaitKind, without empty ones
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
    bool sampled = false;               ///< made of Interval events
    const KnownNames* names = nullptr;  ///< must outlive the summary; null: as events have them
    std::uint32_t cpus = 0;             ///< as in RunInfo
    std::size_t runs_kept = 0;          ///< as in RunInfo
    std::size_t top = 10;               ///< victims and culprits listed
    std::size_t table_rows = 8;         ///< without `others`; at most 31
    std::size_t table_columns = 5;      ///< without `others`
    /// Bounds of memory. When one is reached, the smaller half is folded into `others`.
    std::size_t max_victims = 4096;
    std::size_t max_culprits = 4096;
};

/// As a run begins: its names must outlive the summary.
SummaryOptions summary_options(GroupBy by, const RunInfo& info);

/// What waits of one kind sum up to.
struct WaitKindSum {
    std::uint64_t wait_ns = 0;
    Histogram histogram;
};

/// Adds waits up. Not thread-safe. Each call is of amortised constant time, however many runs a
/// wait spans. Memory: at most 3 MiB, and what Blame says for each CPU.
class Summary {
  public:
    explicit Summary(const SummaryOptions& options);

    /// Before the waits that span it.
    void ran(const Ran& run) { blame_.ran(run); }
    /// Reads `sums` and `stretches`. What the sums lack is unknown, what they have too much is not
    /// counted.
    void add(const Wait& wait);
    /// Sampled time: victims alone, everything else is unknown.
    void add(const Interval& interval);
    void add(const Loss& loss) { lost_ += loss.lost; }

    /// Forgets all that was added, e.g. after the report of one --interval. Runs and threads are
    /// remembered: a wait that ends later counts wholly, even where it began before this, and what
    /// threads ran sums to the same with and without.
    void clear();

    [[nodiscard]] std::uint64_t waits() const { return waits_; }

    /// `ts_ns` is now, `duration_ns` what the report covers; `last` false for periodic ones.
    [[nodiscard]] SummaryReport report(std::uint64_t ts_ns, std::uint64_t duration_ns,
                                       bool last = true) const;
    /// Over all victims and culprits that are remembered, not only those of a report.
    [[nodiscard]] HeaviestNames heaviest_names() const;

  private:
    void count(Cause cause, std::uint64_t waits, std::uint64_t wait_ns);
    void count_kind(const Wait& wait);
    std::uint64_t add_plain(const Wait& wait, VictimSum& victim);
    void list_kinds(SummaryReport& report) const;

    SummaryOptions options_;
    std::uint64_t waits_ = 0;
    std::uint64_t wait_ns_ = 0;
    std::uint64_t lost_ = 0;
    std::array<SummaryReport::CauseRow, cause_count> causes_;
    std::array<std::optional<WaitKindSum>, wait_kind_count> kinds_;
    Histogram histogram_;
    PlainNs plain_ns_{};
    std::uint64_t early_unknown_ns_ = 0;
    ThreadTimes threads_;
    Blame blame_;
    Victims victims_;
};

}  // namespace rqs
