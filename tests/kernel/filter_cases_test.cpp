// SPDX-License-Identifier: BSD-2-Clause
// The filters of the kernel and those of user space are the same filters: each case of one table is
// traced with both.
#include <gtest/gtest.h>

#include <deque>
#include <set>
#include <string>
#include <vector>

#include "filter/filter_cases.h"
#include "places.h"
#include "situation.h"
#include "tracer.h"
#include "workers.h"

namespace rqs::ktest {
namespace {

namespace table = filter_cases;

using Indexes = std::set<std::size_t>;

int cpu_of(unsigned number) {
    return number == 0 ? quiet_cpu() : scene_cpu();
}

/// The names of one process's threads, in the table's order.
std::vector<std::string> names_of(unsigned process) {
    std::vector<std::string> names;
    for (const table::Task& task : table::tasks) {
        if (task.process == process) {
            names.emplace_back(task.comm);
        }
    }
    return names;
}

/// The table's tasks, alive, each on its CPU and in its cgroup.
class FilterCases : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        if (cgroup2_mount().empty()) {
            GTEST_SKIP() << "no cgroup2 mount";
        }
        if (scene_cpu() == quiet_cpu()) {
            GTEST_SKIP() << "needs two CPUs";
        }
        ASSERT_TRUE(top_.made());
        std::size_t thread = 0;
        for (const table::Task& task : table::tasks) {
            if (task.process == processes_.size()) {
                processes_.emplace_back(names_of(task.process));
                ASSERT_TRUE(cgroup(task.cgroup).add(processes_.back().pid()));
                thread = 0;
            }
            tids_.push_back(processes_.back().tid(thread++));
            ASSERT_TRUE(pin(cpu_of(task.cpu), tids_.back()));
        }
    }

    void TearDown() override {
        processes_.clear();
        while (!cgroups_.empty()) {
            cgroups_.pop_back();  // what lies in another was made after it
        }
    }

    /// Made once.
    const Cgroup& cgroup(const std::string& below) {
        const std::string path = top_.path() + below;
        for (const Cgroup& each : cgroups_) {
            if (each.path() == path) {
                return each;
            }
        }
        return cgroups_.emplace_back(path);
    }

    [[nodiscard]] Tracer::Words options_for(const table::Case& row) const {
        Tracer::Words words{"--filter-in", GetParam()};
        const auto add = [&words](const char* option, const std::string& value) {
            words.insert(words.end(), {option, value});
        };
        for (const unsigned process : row.processes) {
            add("-p", std::to_string(processes_.at(process).pid()));
        }
        for (const std::size_t task : row.tasks) {
            add("-t", std::to_string(tids_.at(task)));
        }
        if (!row.comm.empty()) {
            add("-c", row.comm);
        }
        std::string cpus;
        for (const unsigned cpu : row.cpus) {
            cpus += (cpus.empty() ? "" : ",") + std::to_string(cpu_of(cpu));
        }
        if (!cpus.empty()) {
            add("--cpu", cpus);
        }
        if (!row.cgroup.empty()) {
            add("--cgroup", top_.path() + row.cgroup);
        }
        return words;
    }

    /// Which of the tasks these are; others of the machine do not count.
    [[nodiscard]] Indexes found_in(const std::set<std::uint32_t>& tids) const {
        Indexes found;
        for (std::size_t i = 0; i < tids_.size(); ++i) {
            if (tids.count(static_cast<std::uint32_t>(tids_[i])) > 0) {
                found.insert(i);
            }
        }
        return found;
    }

    [[nodiscard]] Indexes trace(const table::Case& row) const {
        std::set<std::uint32_t> wanted;
        for (const std::size_t task : row.wanted) {
            wanted.insert(static_cast<std::uint32_t>(tids_.at(task)));
        }
        return found_in(trace_until(options_for(row), wanted).tids());
    }

    Cgroup top_{cgroup2_mount() + "/" + unique_name("filter-cases")};
    std::deque<Cgroup> cgroups_;
    std::deque<Sleepers> processes_;
    std::vector<pid_t> tids_;  ///< of each task
};

TEST_P(FilterCases, LetThroughWhatTheTableSays) {
    // The emulated machines take seconds for each; between them they still see all filters.
    const std::size_t step = in_vm() ? 5 : 1;
    for (std::size_t i = 0; i < table::cases.size(); i += step) {
        const table::Case& row = table::cases[i];
        EXPECT_EQ(trace(row), Indexes(row.wanted.begin(), row.wanted.end())) << row.name;
    }
}

INSTANTIATE_TEST_SUITE_P(In, FilterCases, ::testing::Values("kernel", "user"),
                         [](const auto& which) { return std::string(which.param); });

}  // namespace
}  // namespace rqs::ktest
