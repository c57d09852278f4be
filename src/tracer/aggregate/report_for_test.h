// SPDX-License-Identifier: BSD-2-Clause
// What must hold for every report, whatever was added.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

#include "aggregate/summary.h"

namespace rqs::report_for_test {

/// Every way of cutting the total must give the total.
inline void expect_conserved(const SummaryReport& report) {
    const auto sum = [](const auto& rows, auto member) {
        return std::accumulate(rows.begin(), rows.end(), std::uint64_t{0},
                               [&](std::uint64_t s, const auto& row) { return s + row.*member; });
    };
    EXPECT_EQ(sum(report.causes, &SummaryReport::CauseRow::wait_ns), report.wait_ns);
    EXPECT_EQ(sum(report.causes, &SummaryReport::CauseRow::waits), report.waits);
    if (!report.sampled) {
        EXPECT_EQ(sum(report.kinds, &SummaryReport::KindRow::wait_ns), report.wait_ns);
        EXPECT_EQ(sum(report.kinds, &SummaryReport::KindRow::waits), report.waits);
    }
    EXPECT_EQ(sum(report.victims, &SummaryReport::Victim::wait_ns), report.wait_ns);
    EXPECT_EQ(sum(report.victims, &SummaryReport::Victim::waits), report.waits);
    EXPECT_EQ(sum(report.culprits, &SummaryReport::Culprit::ns), report.wait_ns);
    for (const auto& culprit : report.culprits) {
        // A difference that went below zero would show as an impossible rest.
        EXPECT_LE(culprit.ns, report.wait_ns);
    }
    EXPECT_EQ(sum(report.table, &SummaryReport::TableRow::wait_ns), report.wait_ns);
    for (const auto& row : report.table) {
        ASSERT_EQ(row.ns.size(), report.table_culprits.size());
        EXPECT_LE(row.others_ns, row.wait_ns);
        EXPECT_EQ(std::accumulate(row.ns.begin(), row.ns.end(), row.others_ns), row.wait_ns);
    }
}

}  // namespace rqs::report_for_test
