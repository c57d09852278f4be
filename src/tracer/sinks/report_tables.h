// SPDX-License-Identifier: BSD-2-Clause
// Tables that a person reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "aggregate/summary.h"
#include "sinks/sink.h"

namespace rqs::sinks {

/// `ffmpeg 4711`, a cgroup's path, or `(idle)` for what is no task: printable, in about `width`
/// columns.
std::string group_label(const Group& group, std::size_t width);

/// The tables of a summary, one call each, an empty line before each. No wider than `width` where
/// that is not 0 and at least 40; what is less than 80 gets fewer and narrower columns.
class ReportTables {
  public:
    /// Both must outlive it.
    ReportTables(std::string& out, const SummaryReport& report, std::size_t width);

    void causes();
    void kinds();
    void percentiles();
    void victims();
    void culprits();
    void culprits_by_victim();
    void closing();

  private:
    [[nodiscard]] std::size_t room_beside(std::size_t numbers) const;
    void title(std::string_view text);
    void headings();
    void amounts(std::uint64_t waits, std::uint64_t ns);
    void percentiles_below_each_other();
    void share(const SummaryReport::Victim& victim);
    [[nodiscard]] bool shares_known() const;
    [[nodiscard]] std::size_t culprits_that_fit() const;
    void table_row(const SummaryReport::TableRow& row, std::size_t name_width, std::size_t shown);

    std::string& out_;
    const SummaryReport& report_;
    std::size_t width_;
    bool narrow_;
    std::size_t waits_width_;
    std::size_t time_width_;
    std::size_t percent_width_;
    std::size_t name_width_;
};

/// All of them below a line that says what they are about.
void append_report_tables(std::string& out, const SummaryReport& report, const SinkSetup& setup);

}  // namespace rqs::sinks
