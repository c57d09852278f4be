// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/summary.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>

namespace rqs {
namespace {

Part ran(std::uint32_t pid, std::uint64_t ns, std::string_view comm = "culprit",
         std::uint64_t cgroup_id = 0) {
    Part part;
    part.kind = PartKind::ran;
    part.relation = Relation::foreign;
    part.task = {pid, pid, Comm::from(comm)};
    part.cgroup_id = cgroup_id;
    part.ns = ns;
    return part;
}

Part other(PartKind kind, std::uint64_t ns) {
    Part part;
    part.kind = kind;
    part.ns = ns;
    return part;
}

Wait wait(std::uint32_t pid, Cause cause, std::vector<Part> why, std::uint64_t cgroup_id = 0) {
    Wait wait;
    wait.task = {pid, pid, Comm::from("victim")};
    wait.sched_cgroup_id = cgroup_id;
    wait.cause = cause;
    for (const Part& part : why) {
        wait.wait_ns += part.ns;
    }
    wait.why = std::move(why);
    return wait;
}

/// Every way of cutting the total must give the total.
void expect_conserved(const SummaryReport& report) {
    const auto sum = [](const auto& rows, auto member) {
        return std::accumulate(rows.begin(), rows.end(), std::uint64_t{0},
                               [&](std::uint64_t s, const auto& row) { return s + row.*member; });
    };
    EXPECT_EQ(sum(report.causes, &SummaryReport::CauseRow::wait_ns), report.wait_ns);
    EXPECT_EQ(sum(report.causes, &SummaryReport::CauseRow::waits), report.waits);
    EXPECT_EQ(sum(report.victims, &SummaryReport::Victim::wait_ns), report.wait_ns);
    EXPECT_EQ(sum(report.victims, &SummaryReport::Victim::waits), report.waits);
    EXPECT_EQ(sum(report.culprits, &SummaryReport::Culprit::ns), report.wait_ns);
    EXPECT_EQ(sum(report.table, &SummaryReport::TableRow::wait_ns), report.wait_ns);
    for (const auto& row : report.table) {
        ASSERT_EQ(row.ns.size(), report.table_culprits.size());
        // A difference that went below zero would show as an impossible cell.
        EXPECT_LE(row.others_ns, row.wait_ns);
        EXPECT_EQ(std::accumulate(row.ns.begin(), row.ns.end(), row.others_ns), row.wait_ns);
    }
}

TEST(Summary, IsEmptyAtFirst) {
    const auto report = Summary{SummaryOptions{}}.report(5, 7);
    EXPECT_EQ(report.ts_ns, 5U);
    EXPECT_EQ(report.duration_ns, 7U);
    EXPECT_EQ(report.waits, 0U);
    EXPECT_TRUE(report.victims.empty());
    EXPECT_TRUE(report.culprits.empty());
    EXPECT_TRUE(report.table.empty());
    expect_conserved(report);
}

TEST(Summary, SortsVictimsAndCulpritsAndFillsTheTable) {
    Summary summary{SummaryOptions{}};
    summary.add(wait(1, Cause::contention, {ran(10, 300), other(PartKind::idle, 50)}));
    summary.add(wait(2, Cause::contention, {ran(10, 100), ran(11, 900)}));
    summary.add(wait(1, Cause::throttled, {other(PartKind::throttled, 400)}));
    const auto report = summary.report(0, 0);
    expect_conserved(report);
    EXPECT_EQ(report.waits, 3U);
    EXPECT_EQ(report.wait_ns, 1750U);
    EXPECT_EQ(report.max_ns, 1000U);

    const auto& contention = report.causes.at(static_cast<std::size_t>(Cause::contention));
    EXPECT_EQ(contention.waits, 2U);
    EXPECT_EQ(contention.wait_ns, 1350U);

    ASSERT_EQ(report.victims.size(), 2U);
    EXPECT_EQ(report.victims[0].who.id, 2U);
    EXPECT_EQ(report.victims[1].who.id, 1U);
    EXPECT_EQ(report.victims[1].waits, 2U);
    EXPECT_EQ(report.victims[1].max_ns, 400U);
    EXPECT_EQ(report.victims[1].who.label, "victim");

    ASSERT_EQ(report.culprits.size(), 4U);
    EXPECT_EQ(report.culprits[0].who.id, 11U);
    EXPECT_EQ(report.culprits[1].ns, 400U);
    EXPECT_EQ(report.culprits[2].ns, 400U);
    EXPECT_EQ(report.culprits[3].who.kind, Group::Kind::idle);

    ASSERT_EQ(report.table.size(), 2U);
    EXPECT_EQ(report.table[0].victim.id, 2U);
    EXPECT_EQ(report.table[0].ns[0], 900U);
    EXPECT_EQ(report.table[0].others_ns, 0U);
}

TEST(Summary, PartsThatDoNotAddUpBecomeUnknownOrAreCut) {
    Summary summary{SummaryOptions{}};
    Wait lacking = wait(1, Cause::contention, {ran(10, 300)});
    lacking.wait_ns = 500;
    summary.add(lacking);
    Wait excessive = wait(1, Cause::contention, {ran(10, 300), ran(11, 300)});
    excessive.wait_ns = 400;
    summary.add(excessive);
    const auto report = summary.report(0, 0);
    expect_conserved(report);
    ASSERT_EQ(report.culprits.size(), 3U);
    EXPECT_EQ(report.culprits[0].ns, 600U);
    EXPECT_EQ(report.culprits[1].who.kind, Group::Kind::unknown);
    EXPECT_EQ(report.culprits[1].ns, 200U);
    EXPECT_EQ(report.culprits[2].ns, 100U);
}

TEST(Summary, AProcessIsCalledByItsMainThread) {
    Summary summary{SummaryOptions{}};
    Wait one = wait(1, Cause::self, {ran(9, 10, "x")});
    one.task = {2, 1, Comm::from("worker-1")};
    summary.add(one);
    EXPECT_EQ(summary.report(0, 0).victims[0].who.label, "worker-1");
    one.task = {1, 1, Comm::from("web")};
    summary.add(one);
    one.task = {3, 1, Comm::from("worker-2")};
    summary.add(one);
    const auto report = summary.report(0, 0);
    ASSERT_EQ(report.victims.size(), 1U);
    EXPECT_EQ(report.victims[0].who.label, "web");
    EXPECT_EQ(report.victims[0].who.kind, Group::Kind::process);
    EXPECT_EQ(report.victims[0].waits, 3U);
}

TEST(Summary, GroupsByCgroupWithThePathsItIsGiven) {
    SummaryOptions options;
    options.by = GroupBy::cgroup;
    options.cgroup_path = [](std::uint64_t id) { return "/cg/" + std::to_string(id); };
    Summary summary{std::move(options)};
    summary.add(wait(1, Cause::contention, {ran(10, 300, "a", 7)}, 5));
    summary.add(wait(2, Cause::contention, {ran(11, 200, "b", 7)}, 5));
    const auto report = summary.report(0, 0);
    expect_conserved(report);
    ASSERT_EQ(report.victims.size(), 1U);
    EXPECT_EQ(report.victims[0].who.kind, Group::Kind::cgroup);
    EXPECT_EQ(report.victims[0].who.label, "/cg/5");
    ASSERT_EQ(report.culprits.size(), 1U);
    EXPECT_EQ(report.culprits[0].who.id, 7U);
    EXPECT_EQ(report.culprits[0].ns, 500U);
}

TEST(Summary, WhatIsNotListedIsInOthers) {
    SummaryOptions options;
    options.top = 3;
    options.table_rows = 2;
    options.table_columns = 2;
    Summary summary{std::move(options)};
    for (std::uint32_t i = 1; i <= 10; ++i) {
        summary.add(wait(i, Cause::contention, {ran(100 + i % 5, 1000 * i), ran(200, 7 * i)}));
    }
    const auto report = summary.report(0, 0);
    expect_conserved(report);
    ASSERT_EQ(report.victims.size(), 4U);
    EXPECT_EQ(report.victims[3].who.kind, Group::Kind::others);
    EXPECT_EQ(report.victims[3].waits, 7U);
    EXPECT_EQ(report.victims[3].max_ns, 7049U);
    ASSERT_EQ(report.culprits.size(), 4U);
    EXPECT_EQ(report.culprits[3].who.kind, Group::Kind::others);
    ASSERT_EQ(report.table.size(), 3U);
    EXPECT_EQ(report.table[2].victim.kind, Group::Kind::others);
    // Victims 5 and 10 were kept waiting by 100, 4 and 9 by 104: rows 10 and 9, columns 100 and
    // 104.
    EXPECT_EQ(report.table[2].ns, (std::vector<std::uint64_t>{5000, 4000}));
}

TEST(Summary, StaysSmallConservesAndFindsTheLateHeavyOne) {
    SummaryOptions options;
    options.max_victims = 16;
    options.max_culprits = 16;
    options.max_cells = 64;
    Summary summary{std::move(options)};
    std::mt19937 random(1);
    std::uniform_int_distribution<std::uint32_t> pid(1, 3000);
    std::uniform_int_distribution<std::uint64_t> ns(1, 1000);
    for (int i = 0; i < 20'000; ++i) {
        summary.add(wait(pid(random), static_cast<Cause>(pid(random) % 7),
                         {ran(pid(random), ns(random)), ran(pid(random), ns(random)),
                          other(static_cast<PartKind>(1 + pid(random) % 6), ns(random))}));
        if (i > 15'000) {
            summary.add(wait(9999, Cause::contention, {ran(8888, 20'000, "late")}));
        }
        if (i % 997 == 0) {
            expect_conserved(summary.report(0, 0));
        }
    }
    const auto report = summary.report(0, 0);
    expect_conserved(report);
    EXPECT_GT(report.victims_folded, 0U);
    EXPECT_GT(report.culprits_folded, 0U);
    EXPECT_EQ(report.victims[0].who.id, 9999U);
    EXPECT_EQ(report.culprits[0].who.id, 8888U);
    EXPECT_EQ(report.culprits[0].who.label, "late");
    EXPECT_EQ(report.victims[0].wait_ns, std::uint64_t{4999} * 20'000);
    EXPECT_EQ(report.table[0].victim.id, 9999U);
}

TEST(Summary, ThoseThatWereFoldedMayComeBack) {
    SummaryOptions options;
    options.max_victims = 8;
    options.max_culprits = 8;
    options.max_cells = 200;
    options.table_rows = 100;
    options.table_columns = 100;
    Summary summary{std::move(options)};
    std::mt19937 random(3);
    // Few enough that the same pairs meet again and again, too many to be kept.
    std::uniform_int_distribution<std::uint32_t> pid(1, 12);
    std::uniform_int_distribution<std::uint64_t> ns(1, 1'000'000);
    for (int i = 0; i < 3000 && !testing::Test::HasFailure(); ++i) {
        summary.add(wait(pid(random), Cause::contention,
                         {ran(pid(random), ns(random)), ran(pid(random), ns(random) / 1000)}));
        const auto report = summary.report(0, 0);
        expect_conserved(report);
        for (std::size_t column = 0; column < report.table_culprits.size(); ++column) {
            std::uint64_t sum = 0;
            for (const auto& row : report.table) {
                sum += row.ns[column];
            }
            EXPECT_LE(sum, summary.report(0, 0).culprits.at(column).ns);
        }
    }
    EXPECT_GT(summary.report(0, 0).victims_folded, 100U);
}

TEST(Summary, RandomWaitsEqualAPlainRecount) {
    SummaryOptions options;
    options.top = 1000;
    options.table_rows = 1000;
    options.table_columns = 1000;
    Summary summary{std::move(options)};
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> cells;
    std::mt19937 random(2);
    std::uniform_int_distribution<std::uint32_t> pid(1, 40);
    for (int i = 0; i < 5000; ++i) {
        const std::uint32_t victim = pid(random);
        const std::uint32_t first = pid(random);
        const std::uint32_t second = pid(random);
        const std::uint64_t first_ns = random();
        const std::uint64_t second_ns = random();
        summary.add(
            wait(victim, Cause::contention, {ran(first, first_ns), ran(second, second_ns)}));
        cells[{victim, first}] += first_ns;
        cells[{victim, second}] += second_ns;
    }
    const auto report = summary.report(0, 0);
    expect_conserved(report);
    ASSERT_EQ(report.table.size(), 40U);
    ASSERT_EQ(report.table_culprits.size(), 40U);
    for (const auto& row : report.table) {
        EXPECT_EQ(row.others_ns, 0U);
        for (std::size_t i = 0; i < row.ns.size(); ++i) {
            const std::pair<std::uint64_t, std::uint64_t> key(row.victim.id,
                                                              report.table_culprits[i].id);
            EXPECT_EQ(row.ns[i], cells[key]);
        }
    }
}

TEST(Summary, SampledIntervalsHaveVictimsAlone) {
    SummaryOptions options;
    options.sampled = true;
    options.by = GroupBy::cgroup;
    Summary summary{std::move(options)};
    Interval interval;
    interval.task = {812, 800, Comm::from("web")};
    interval.waits = 7;
    interval.wait_ns = 123;
    summary.add(interval);
    const auto report = summary.report(0, 0, false);
    expect_conserved(report);
    EXPECT_TRUE(report.sampled);
    EXPECT_FALSE(report.last);
    EXPECT_EQ(report.by, GroupBy::process);
    ASSERT_EQ(report.victims.size(), 1U);
    EXPECT_EQ(report.victims[0].who.id, 800U);
    EXPECT_EQ(report.victims[0].waits, 7U);
    EXPECT_EQ(report.max_ns, 0U);
}

TEST(Summary, ClearForgetsAllButTheOptions) {
    SummaryOptions options;
    options.by = GroupBy::cgroup;
    Summary summary{std::move(options)};
    summary.add(wait(1, Cause::contention, {ran(10, 300)}, 5));
    summary.clear();
    EXPECT_EQ(summary.waits(), 0U);
    EXPECT_EQ(summary.report(0, 0).wait_ns, 0U);
    summary.add(wait(1, Cause::contention, {ran(10, 300)}, 5));
    EXPECT_EQ(summary.report(0, 0).victims[0].who.kind, Group::Kind::cgroup);
}

}  // namespace
}  // namespace rqs
