// SPDX-License-Identifier: BSD-2-Clause
// The rules of docs/LEDGER.md as a table.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "ledger/ledger.h"
#include "model/names.h"

namespace rqs {
namespace {

constexpr std::int16_t fair = 120;
constexpr std::int16_t rt_low = 98;
constexpr std::int16_t rt_high = 1;
constexpr std::int16_t deadline = -1;

struct Row {
    const char* what;
    WaitSums sums;
    Cause expected;
};

const std::vector<Row>& rules() {
    static const std::vector<Row> table{
        {"another task of its class ran", {.contention_ns = 5}, Cause::contention},
        {"its own thread ran", {.self_ns = 5}, Cause::self},
        {"one ran that outranks it", {.realtime_ns = 5}, Cause::realtime},
        {"one of a lower class was picked", {.rt_throttled_ns = 5}, Cause::rt_throttled},
        {"one of a lower class ran already", {.lower_ns = 5}, Cause::unknown},
        {"the CPU idled", {.idle_ns = 5}, Cause::idle},
        {"quota", {.throttled_ns = 5}, Cause::throttled},
        {"queued elsewhere", {.elsewhere_ns = 5}, Cause::moved},
        {"interrupts", {.irq_ns = 5}, Cause::unknown},
        {"the hypervisor", {.steal_ns = 5}, Cause::unknown},
        {"nobody knows", {.unknown_ns = 5}, Cause::unknown},

        {"the heaviest wins, not the first", {.throttled_ns = 3, .idle_ns = 4}, Cause::idle},
        {"unknown wins only when heaviest",
         {.unknown_ns = 5, .contention_ns = 6},
         Cause::contention},
        {"what nobody is to blame for weighs together",
         {.irq_ns = 2, .steal_ns = 2, .unknown_ns = 1, .self_ns = 5, .lower_ns = 1},
         Cause::unknown},
        {"the limit on real-time tasks is one word, what ran before another",
         {.lower_ns = 4, .rt_throttled_ns = 5},
         Cause::rt_throttled},

        {"tie: throttled before realtime", {.throttled_ns = 5, .realtime_ns = 5}, Cause::throttled},
        {"tie: realtime before rt_throttled",
         {.realtime_ns = 5, .rt_throttled_ns = 5},
         Cause::realtime},
        {"tie: rt_throttled before contention",
         {.contention_ns = 5, .rt_throttled_ns = 5},
         Cause::rt_throttled},
        {"tie: contention before self", {.self_ns = 5, .contention_ns = 5}, Cause::contention},
        {"tie: self before moved", {.elsewhere_ns = 5, .self_ns = 5}, Cause::self},
        {"tie: moved before idle", {.elsewhere_ns = 5, .idle_ns = 5}, Cause::moved},
        {"tie: idle before unknown", {.idle_ns = 5, .unknown_ns = 5}, Cause::idle},
    };
    return table;
}

TEST(Cause, FollowsTheRules) {
    for (const auto& row : rules()) {
        Wait wait;
        wait.wait_ns = 1;  // whatever it is: the sums decide
        wait.sums = row.sums;
        EXPECT_EQ(name(cause_of(wait)), name(row.expected)) << row.what;
    }
}

TEST(Cause, AWaitOfNothingGoesByWhoLeft) {
    Wait wait;
    wait.task = {11, 10, {}};
    wait.prev = {0, 0, {}};
    EXPECT_EQ(cause_of(wait), Cause::idle);
    wait.prev = {12, 10, {}};
    EXPECT_EQ(cause_of(wait), Cause::self);
    wait.prev = {13, 13, {}};
    EXPECT_EQ(cause_of(wait), Cause::contention);
}

// In the order in which the kernel would pick them; equals share a number.
struct Ranked {
    std::int16_t prio;
    int rank;
    int class_number;
};
const std::vector<Ranked> all_ranks{{deadline, 0, 0}, {0, 1, 1},   {rt_high, 2, 1}, {rt_low, 3, 1},
                                    {99, 4, 1},       {100, 5, 2}, {fair, 5, 2},    {139, 5, 2}};

TEST(Cause, OutranksIsByClassThenByRealTimePriority) {
    for (const auto& one : all_ranks) {
        for (const auto& other : all_ranks) {
            EXPECT_EQ(outranks(one.prio, other.prio), one.rank < other.rank)
                << one.prio << " and " << other.prio;
        }
    }
}

TEST(Cause, ALowerClassIsOneThatIsNeverPreferred) {
    for (const auto& one : all_ranks) {
        for (const auto& other : all_ranks) {
            EXPECT_EQ(is_lower_class(one.prio, other.prio), one.class_number > other.class_number)
                << one.prio << " and " << other.prio;
        }
    }
}

TEST(Cause, OfARunnerIsByItsRank) {
    EXPECT_EQ(cause_of_runner(rt_low, fair), Cause::realtime);
    EXPECT_EQ(cause_of_runner(deadline, rt_high), Cause::realtime);
    EXPECT_EQ(cause_of_runner(rt_high, rt_low), Cause::realtime);
    EXPECT_EQ(cause_of_runner(rt_low, rt_low), Cause::contention);
    EXPECT_EQ(cause_of_runner(rt_low, rt_high), Cause::contention);
    EXPECT_EQ(cause_of_runner(deadline, deadline), Cause::contention);
    EXPECT_EQ(cause_of_runner(100, fair), Cause::contention);
    EXPECT_EQ(cause_of_runner(fair, rt_low), Cause::unknown);
}

struct StuckRow {
    const char* what;
    Stuck stuck;
    Cause expected;
};

// A thread 11 of process 10 waits, and `running` has its CPU.
Stuck stuck_by(TaskId running, std::int16_t running_prio, std::int16_t prio,
               std::uint64_t waiting_ns = 1'000'000'000) {
    Stuck stuck;
    stuck.task = {11, 10, {}};
    stuck.prio = prio;
    stuck.running = running;
    stuck.running_prio = running_prio;
    stuck.waiting_ns = waiting_ns;
    return stuck;
}

Stuck throttled(Stuck stuck) {
    stuck.throttled = true;
    return stuck;
}

TEST(Cause, OfAStuckTaskIsAFirstLook) {
    const TaskId nobody{};
    const TaskId own{12, 10, {}};
    const TaskId stranger{13, 13, {}};
    const std::vector<StuckRow> table{
        {"a stranger has the CPU", stuck_by(stranger, fair, fair), Cause::contention},
        {"a real-time stranger", stuck_by(stranger, rt_low, fair), Cause::realtime},
        {"a worse real-time stranger", stuck_by(stranger, rt_low, rt_high), Cause::contention},
        {"nobody has it", stuck_by(nobody, fair, fair), Cause::idle},
        {"nobody, and it is a real-time task", stuck_by(nobody, fair, rt_low), Cause::idle},
        {"its own thread", stuck_by(own, fair, fair), Cause::self},
        {"its own thread of a lower class", stuck_by(own, fair, rt_low), Cause::self},
        {"a lower class, for long", stuck_by(stranger, fair, rt_low), Cause::rt_throttled},
        {"a lower class, not long yet", stuck_by(stranger, fair, rt_low, 4'999'999),
         Cause::unknown},
        {"quota, whoever runs", throttled(stuck_by(stranger, rt_low, fair)), Cause::throttled},
        {"quota, and nobody runs", throttled(stuck_by(nobody, fair, fair)), Cause::throttled},
    };
    for (const auto& row : table) {
        EXPECT_EQ(name(cause_of_stuck(row.stuck)), name(row.expected)) << row.what;
    }
}

}  // namespace
}  // namespace rqs
