// SPDX-License-Identifier: BSD-2-Clause
// Thousands of random stories, told to the ledger and to a second implementation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/parts_for_test.h"

namespace rqs {
namespace {

using namespace parts_for_test;

constexpr std::size_t capacity = 64;
constexpr std::uint32_t every_task = UINT32_MAX;

/// What a nanosecond was spent on.
struct Cell {
    enum class On { nothing, irq, steal, task } on = On::nothing;
    std::uint64_t run = 0;
};

/// A task, and whether it outranks the waiter: one part each.
using Doer = std::pair<std::uint32_t, bool>;

struct Expected {
    WaitSums sums;
    std::map<Doer, std::uint64_t> ran_ns;
};

/// A second opinion: looks at every nanosecond of the wait on its own.
class Reference {
  public:
    void run(const Switch& record) {
        if (!runs_.empty() && record.clock_ns < runs_.back().clock_ns) {
            cells_.clear();  // what was before the clock went back is not comparable
        }
        const bool known =
            record.follows && !runs_.empty() && runs_.back().clock_ns <= record.clock_ns;
        starts_.push_back(known ? runs_.back().clock_ns : record.clock_ns);
        if (known) {
            fill(record, runs_.back());
        }
        runs_.push_back(record);
    }
    void throttling(const Throttling& one) { throttlings_.push_back(one); }

    [[nodiscard]] Expected explain(const Window& window, const Wait& wait) const {
        Expected expected;
        WaitSums& sums = expected.sums;
        sums.elsewhere_ns = window.elsewhere_ns;
        const auto first = task_at(window, window.start_ns);
        for (std::uint64_t ns = window.start_ns; ns < window.end_ns; ++ns) {
            const Cell cell = cell_at(ns);
            if (is_throttled(ns, window.group, true)) {
                ++sums.throttled_ns;
            } else if (is_throttled(ns, window.group, false) || cell.on == Cell::On::nothing) {
                ++sums.unknown_ns;
            } else if (cell.on != Cell::On::task) {
                ++(cell.on == Cell::On::irq ? sums.irq_ns : sums.steal_ns);
            } else if (runs_[cell.run].task.tid == 0) {
                ++sums.idle_ns;
            } else {
                const Switch& run = runs_[cell.run];
                ++sum_of(run, wait, first == cell.run, sums);
                ++expected.ran_ns[{run.task.tid, outranks(run.prio, wait.prio)}];
            }
        }
        return expected;
    }

  private:
    // Interrupts are spread over the run, and steal over what they leave of it: a nanosecond
    // belongs to that of which the rounded sum up to it grows there.
    void fill(const Switch& record, const Switch& before) {
        const std::uint64_t start = before.clock_ns;
        const std::uint64_t whole = record.clock_ns - start;
        const auto growth = [](std::uint64_t from, std::uint64_t to) {
            return to > from ? to - from : 0;
        };
        const std::uint64_t irq = std::min(whole, growth(before.irq_ns, record.irq_ns));
        const std::uint64_t steal = std::min(whole - irq, growth(before.steal_ns, record.steal_ns));
        std::uint64_t rest = 0;
        for (std::uint64_t x = 0; x < whole; ++x) {
            Cell cell{Cell::On::task, runs_.size()};
            if (irq * (x + 1) / whole > irq * x / whole) {
                cell.on = Cell::On::irq;
            } else {
                const std::uint64_t left = whole - irq;
                if (steal * (rest + 1) / left > steal * rest / left) {
                    cell.on = Cell::On::steal;
                }
                ++rest;
            }
            cells_[start + x] = cell;
        }
    }
    [[nodiscard]] Cell cell_at(std::uint64_t ns) const {
        const auto found = cells_.find(ns);
        const bool kept = found != cells_.end() && found->second.run + capacity >= runs_.size();
        return kept ? found->second : Cell{};
    }
    // The run that was under way at `ns` already, where that is told.
    [[nodiscard]] std::optional<std::uint64_t> task_at(const Window& window,
                                                       std::uint64_t ns) const {
        const Cell cell = cell_at(ns);
        if (cell.on == Cell::On::nothing || is_throttled(ns, window.group, true) ||
            is_throttled(ns, window.group, false) || starts_[cell.run] == ns) {
            return std::nullopt;
        }
        return cell.run;
    }
    static std::uint64_t& sum_of(const Switch& run, const Wait& wait, bool under_way,
                                 WaitSums& sums) {
        if (run.task.pid == wait.task.pid) {
            return sums.self_ns;
        }
        if (outranks(run.prio, wait.prio)) {
            return sums.realtime_ns;
        }
        return !is_lower_class(run.prio, wait.prio) ? sums.contention_ns
               : under_way                          ? sums.lower_ns
                                                    : sums.rt_throttled_ns;
    }
    [[nodiscard]] bool is_throttled(std::uint64_t ns, std::uint32_t group, bool certain) const {
        return group != 0 &&
               std::any_of(throttlings_.begin(), throttlings_.end(), [&](const Throttling& one) {
                   return one.group == group && one.certain == certain && one.start_ns <= ns &&
                          ns < one.end_ns;
               });
    }

    std::vector<Switch> runs_;
    std::vector<std::uint64_t> starts_;
    std::map<std::uint64_t, Cell> cells_;
    std::vector<Throttling> throttlings_;
};

/// The same random story told to the timeline and to the reference.
class Story {
  public:
    explicit Story(std::uint32_t seed) : random_(seed), tasks_(upto(1) == 0 ? 5 : 60) {}

    void tell_one() {
        if (chance(12)) {
            tell_throttling();
        } else {
            tell_run();
        }
    }
    /// The wait ends with a run of its own.
    void tell_wait() {
        tell_run();
        window.end_ns = clock_ns_;
        window.start_ns = clock_ns_ - std::min(clock_ns_, upto(chance(20) ? 3000 : 300));
        window.elsewhere_ns = chance(30) ? upto(200) : 0;
        wait.wait_ns = window.end_ns - window.start_ns + window.elsewhere_ns;
        const auto tid = some_tid();
        wait.task = {tid, tid / 3, {}};
        wait.prio = some_prio();
        // As in the kernel, quotas hold for the fair class alone.
        window.group = wait.prio < 100 ? 0 : static_cast<std::uint32_t>(upto(2));
    }
    std::uint64_t upto(std::uint64_t most) {
        return std::uniform_int_distribution<std::uint64_t>(0, most)(random_);
    }

    Timeline timeline{capacity, true};
    Reference reference;
    Window window;
    Wait wait;

  private:
    bool chance(std::uint64_t percent) { return upto(99) < percent; }
    std::uint32_t some_tid() { return static_cast<std::uint32_t>(upto(tasks_)); }
    std::int16_t some_prio() {
        constexpr std::int16_t prios[] = {120, 120, 120, 139, 100, -1, 40, 41};
        return prios[upto(7)];
    }

    void tell_throttling() {
        ThrottleLook look;
        look.group = 1 + static_cast<std::uint32_t>(upto(1));
        look.found_ns = clock_ns_;
        look.ago_ns = upto(80);
        look.since_ns = clock_ns_ - std::min(clock_ns_, upto(90));
        if (chance(80)) {
            look.total_ns = upto(60);
        }
        timeline.add_throttling(look);
        reference.throttling(timeline.throttlings().back());
    }
    void tell_run() {
        clock_ns_ += upto(40);
        if (chance(1) && clock_ns_ > 500) {
            clock_ns_ -= 400;
        }
        irq_ns_ += chance(30) ? upto(30) : 0;
        steal_ns_ += chance(20) ? upto(30) : 0;
        Switch record;
        record.clock_ns = clock_ns_;
        record.follows = !chance(7);
        record.irq_ns = irq_ns_;
        record.steal_ns = chance(5) ? steal_ns_ - 1 : steal_ns_;
        const auto tid = some_tid();
        record.task = {tid, tid / 3, {}};
        record.prio = some_prio();
        timeline.add(record);
        reference.run(record);
    }

    std::mt19937 random_;
    std::uint64_t tasks_;
    std::uint64_t clock_ns_ = 1000;
    std::uint64_t irq_ns_ = 100;
    std::uint64_t steal_ns_ = 100;
};

// The named parts are the largest and exact; `others` stands for each task that is not named.
void expect_parts(const Wait& wait, const Expected& expected, std::uint32_t named_tasks) {
    std::vector<std::uint64_t> largest;
    for (const auto& [doer, ns] : expected.ran_ns) {
        largest.push_back(ns);
    }
    std::sort(largest.rbegin(), largest.rend());
    std::vector<std::uint64_t> named;
    std::size_t others = 0;
    for (const Part& part : wait.why) {
        if (part.kind == PartKind::ran) {
            const Doer doer{part.task.tid, outranks(part.prio, wait.prio)};
            ASSERT_TRUE(expected.ran_ns.contains(doer)) << part.task.tid;
            ASSERT_EQ(part.ns, expected.ran_ns.at(doer)) << part.task.tid;
            named.push_back(part.ns);
        } else if (part.kind == PartKind::others) {
            others = part.count;
        }
    }
    const std::size_t wanted = std::min<std::size_t>(named_tasks, largest.size());
    ASSERT_EQ(named.size(), wanted);
    ASSERT_TRUE(std::equal(named.begin(), named.end(), largest.begin()));
    ASSERT_EQ(others, largest.size() - wanted);
}

void compare(Story& story, std::map<std::string, int>& met) {
    const Expected expected = story.reference.explain(story.window, story.wait);
    for (const std::uint32_t named :
         {0U, 1U, static_cast<std::uint32_t>(2 + story.upto(9)), every_task}) {
        Ledger ledger({true, named, true});
        ledger.explain(story.timeline, story.window, story.wait);
        ASSERT_EQ(to_text(story.wait.sums), to_text(expected.sums));
        expect_conserved(story.wait);
        expect_parts(story.wait, expected, named);
        ASSERT_EQ(ran_in_stretches(story.timeline, story.wait), expected.sums.ran_ns());
    }
    for (const Part& part : story.wait.why) {
        ++met[std::string(name(part.kind))];
    }
    met["self"] += expected.sums.self_ns > 0 ? 1 : 0;
    met["realtime"] += expected.sums.realtime_ns > 0 ? 1 : 0;
    met["contention"] += expected.sums.contention_ns > 0 ? 1 : 0;
    met["lower"] += expected.sums.lower_ns > 0 ? 1 : 0;
    met["rt_throttled"] += expected.sums.rt_throttled_ns > 0 ? 1 : 0;
    met["before the oldest run"] += story.window.start_ns < story.timeline.oldest_ns() ? 1 : 0;
    met["several stretches"] += story.wait.stretches.size() > 1 ? 1 : 0;
}

TEST(Ledger, AgreesWithASecondOpinionByTheNanosecond) {
    std::map<std::string, int> met;
    for (std::uint32_t seed = 0; seed < 2000; ++seed) {
        SCOPED_TRACE(seed);
        Story story(seed);
        for (int wait = 0; wait < 4; ++wait) {
            const std::uint64_t length = story.upto(40);
            for (std::uint64_t i = 0; i < length; ++i) {
                story.tell_one();
            }
            story.tell_wait();
            compare(story, met);
            if (HasFailure()) {
                return;
            }
        }
    }
    // The stories are worth telling only if they meet everything.
    for (const char* what :
         {"ran", "idle", "throttled", "elsewhere", "irq", "steal", "unknown", "self", "realtime",
          "contention", "lower", "rt_throttled", "before the oldest run", "several stretches"}) {
        EXPECT_GT(met[what], 100) << what;
    }
}

}  // namespace
}  // namespace rqs
