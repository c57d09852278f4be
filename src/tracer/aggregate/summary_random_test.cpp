// SPDX-License-Identifier: BSD-2-Clause
// Random runs and waits, against a recount that walks each wait run by run.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "aggregate/report_for_test.h"
#include "aggregate/summary.h"

namespace rqs {
namespace {

using report_for_test::expect_conserved;

constexpr std::uint32_t cpus = 3;
constexpr std::size_t runs_kept = 16;

/// A group as one word, from a report or from a key.
std::string word(const Group& group) {
    const bool named = group.kind == Group::Kind::comm;
    return std::string(name(group.kind)) + " " + (named ? group.label : std::to_string(group.id));
}

std::string word(const GroupKey& key) {
    return word(group_of(key, {}, nullptr));
}

/// The sums as one gets them by looking at everything.
struct Recount {
    std::map<std::pair<std::string, std::string>, std::uint64_t> cells;
    std::map<std::string, std::uint64_t> victims;
    std::map<std::string, std::uint64_t> culprits;

    void add(const std::string& victim, const std::string& culprit, std::uint64_t ns) {
        cells[{victim, culprit}] += ns;
        victims[victim] += ns;
        culprits[culprit] += ns;
    }
};

class World {
  public:
    World(const SummaryOptions& options, std::uint32_t threads, unsigned seed)
        : summary_(options), by_(options.by), threads_(threads), random_(seed) {}

    /// A run or a wait.
    void step() {
        auto& runs = runs_.at(any(0, cpus - 1));
        if (runs.empty() || any(0, 9) < 5) {
            run(runs);
        } else {
            wait(runs);
        }
    }
    void clear() {
        summary_.clear();
        recount_ = {};
    }

    [[nodiscard]] SummaryReport report() const { return summary_.report(0, 0); }
    [[nodiscard]] const Recount& recount() const { return recount_; }

  private:
    std::uint64_t any(std::uint64_t from, std::uint64_t to) {
        return std::uniform_int_distribution<std::uint64_t>(from, to)(random_);
    }

    TaskId task(std::uint32_t tid) {
        if (tid == 0) {
            return {};
        }
        return {tid, 1 + (tid - 1) / 3, Comm::from("comm-" + std::to_string(tid % 7))};
    }
    static std::uint32_t parent(const TaskId& task) { return 1 + task.pid % 3; }
    static std::uint64_t cgroup(const TaskId& task) { return 100 + task.tid % 5; }

    void run(std::vector<Ran>& runs) {
        Ran run;
        run.cpu = cpu_of(runs);
        run.position = runs.size();
        run.ran_ns = any(0, 9) == 0 ? 0 : any(0, 1'000'000);
        run.task = task(any(0, 4) == 0 ? 0U : static_cast<std::uint32_t>(any(1, threads_)));
        run.ppid = parent(run.task);
        run.cgroup_id = cgroup(run.task);
        runs.push_back(run);
        summary_.ran(run);
    }

    std::uint32_t cpu_of(const std::vector<Ran>& runs) const {
        return static_cast<std::uint32_t>(&runs - runs_.data());
    }

    /// One wait over one to three stretches, with throttled gaps between them.
    void wait(const std::vector<Ran>& runs) {
        Wait wait;
        wait.cpu = cpu_of(runs);
        wait.task = task(static_cast<std::uint32_t>(any(1, threads_)));
        wait.ppid = parent(wait.task);
        wait.sched_cgroup_id = cgroup(wait.task);
        wait.kind = static_cast<WaitKind>(any(0, 4));
        wait.cause = static_cast<Cause>(any(0, 7));
        victim_ = word(key_of(by_, wait));
        std::uint64_t from = runs.size() - std::min<std::size_t>(runs.size(), runs_kept);
        for (auto stretches = any(0, 3); stretches > 0 && from < runs.size(); --stretches) {
            const std::uint64_t first = any(from, runs.size() - 1);
            const std::uint64_t last = any(first, runs.size() - 1);
            cover(runs, first, last, wait);
            from = last + 1;
        }
        plain(wait.sums.throttled_ns, Group::Kind::throttled, wait);
        plain(wait.sums.elsewhere_ns, Group::Kind::elsewhere, wait);
        plain(wait.sums.unknown_ns, Group::Kind::unknown, wait);
        plain(wait.sums.idle_ns, Group::Kind::idle, wait);
        summary_.add(wait);
    }

    void plain(std::uint64_t& sum, Group::Kind kind, Wait& wait) {
        const std::uint64_t ns = any(0, 1000);
        sum += ns;
        wait.wait_ns += ns;
        recount_.add(victim_, word(GroupKey{kind, 0, {}}), ns);
    }

    void cover(const std::vector<Ran>& runs, std::uint64_t first, std::uint64_t last, Wait& wait) {
        Stretch stretch{first, last, any(0, runs[first].ran_ns), 0};
        if (last > first) {
            stretch.last_ns = any(0, runs[last].ran_ns);
        }
        wait.stretches.push_back(stretch);
        for (std::uint64_t position = first; position <= last; ++position) {
            const Ran& run = runs[position];
            const std::uint64_t ns = position == first  ? stretch.first_ns
                                     : position == last ? stretch.last_ns
                                                        : run.ran_ns;
            wait.wait_ns += ns;
            if (run.task.tid == 0) {
                wait.sums.idle_ns += ns;
                recount_.add(victim_, word(GroupKey{Group::Kind::idle, 0, {}}), ns);
                continue;
            }
            (any(0, 1) == 0 ? wait.sums.contention_ns : wait.sums.realtime_ns) += ns;
            recount_.add(victim_, word(key_of(by_, run)), ns);
        }
    }

    Summary summary_;
    GroupBy by_;
    std::uint32_t threads_;
    std::mt19937 random_;
    std::vector<std::vector<Ran>> runs_{cpus};
    Recount recount_;
    std::string victim_;
};

SummaryOptions options_for(GroupBy by) {
    SummaryOptions options;
    options.by = by;
    options.cpus = cpus;
    options.runs_kept = runs_kept;
    options.top = 10'000;
    options.table_rows = 10'000;
    options.table_columns = 10'000;
    return options;
}

std::uint64_t at(const std::map<std::string, std::uint64_t>& sums, const Group& group) {
    const auto found = sums.find(word(group));
    return found == sums.end() ? 0 : found->second;
}

/// Totals are exact whatever did not fit into the table.
void expect_totals(const SummaryReport& report, const Recount& recount) {
    for (const auto& victim : report.victims) {
        EXPECT_EQ(victim.wait_ns, at(recount.victims, victim.who)) << word(victim.who);
    }
    for (const auto& culprit : report.culprits) {
        EXPECT_EQ(culprit.ns, at(recount.culprits, culprit.who)) << word(culprit.who);
    }
    std::uint64_t culprits = 0;
    for (const auto& [who, ns] : recount.culprits) {
        culprits += ns > 0 ? 1U : 0U;
    }
    EXPECT_EQ(report.culprits.size(), culprits);
}

class EachGroup : public testing::TestWithParam<GroupBy> {};

TEST_P(EachGroup, EqualsARecountRunByRun) {
    World world(options_for(GetParam()), 24, 11);
    std::mt19937 random(5);
    for (int i = 0; i < 20'000 && !HasFailure(); ++i) {
        world.step();
        if (random() % 700 == 0) {
            world.clear();  // as between intervals: waits that come may reach back behind it
        }
        if (random() % 200 != 0) {
            continue;
        }
        const auto report = world.report();
        expect_conserved(report);
        expect_totals(report, world.recount());
        for (const auto& row : report.table) {
            EXPECT_EQ(row.others_ns, 0U);
            for (std::size_t column = 0; column < row.ns.size(); ++column) {
                const auto cell = world.recount().cells.find(
                    {word(row.victim), word(report.table_culprits[column])});
                EXPECT_EQ(row.ns[column], cell == world.recount().cells.end() ? 0 : cell->second);
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Summary, EachGroup,
                         testing::Values(GroupBy::process, GroupBy::thread, GroupBy::comm,
                                         GroupBy::cgroup, GroupBy::parent, GroupBy::cpu));

/// More victims and culprits than there are places in the table.
TEST(SummaryRandom, CellsThatAreNotKnownAreNeverInvented) {
    World world(options_for(GroupBy::thread), 300, 12);
    std::uint64_t in_cells_ns = 0;
    for (int i = 1; i <= 40'000 && !testing::Test::HasFailure(); ++i) {
        world.step();
        if (i % 500 != 0) {
            continue;
        }
        const auto report = world.report();
        expect_conserved(report);
        expect_totals(report, world.recount());
        auto rest = world.recount().culprits;
        for (const auto& row : report.table) {
            for (std::size_t column = 0; column < row.ns.size(); ++column) {
                const std::string culprit = word(report.table_culprits[column]);
                if (row.victim.kind == Group::Kind::others) {
                    EXPECT_LE(row.ns[column], rest[culprit]) << culprit;
                    continue;
                }
                const auto cell = world.recount().cells.find({word(row.victim), culprit});
                const std::uint64_t ns = cell == world.recount().cells.end() ? 0 : cell->second;
                EXPECT_LE(row.ns[column], ns);
                rest[culprit] -= ns;
                in_cells_ns += row.ns[column];
            }
        }
        EXPECT_EQ(report.table.size(), 32U);
    }
    EXPECT_GT(in_cells_ns, 0U);
}

}  // namespace
}  // namespace rqs
