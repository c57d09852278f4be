// SPDX-License-Identifier: BSD-2-Clause
// The rules of docs/LEDGER.md as a table.
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "model/names.h"

namespace rqs {
namespace {

constexpr std::int16_t fair = 120;
constexpr std::int16_t fair_nice = 100;
constexpr std::int16_t rt_low = 98;
constexpr std::int16_t rt_high = 1;
constexpr std::int16_t deadline = -1;

Part plain(PartKind kind, std::uint64_t ns) {
    Part part;
    part.kind = kind;
    part.ns = ns;
    return part;
}

Part by(Relation relation, std::uint64_t ns, std::int16_t prio = fair) {
    Part part = plain(PartKind::ran, ns);
    part.relation = relation;
    part.prio = prio;
    return part;
}

struct Row {
    const char* what;
    std::int16_t waiter_prio;
    std::vector<Part> why;
    Cause expected;
};

const std::vector<Row>& rules() {
    using enum PartKind;
    using enum Relation;
    static const std::vector<Row> table{
        {"a stranger ran", fair, {by(foreign, 5)}, Cause::contention},
        {"a sibling ran", fair, {by(sibling, 5)}, Cause::contention},
        {"its own thread ran", fair, {by(self, 5)}, Cause::self},
        {"the CPU idled", fair, {plain(idle, 5)}, Cause::idle},
        {"quota", fair, {plain(throttled, 5)}, Cause::throttled},
        {"queued elsewhere", fair, {plain(elsewhere, 5)}, Cause::moved},
        {"interrupts", fair, {plain(irq, 5)}, Cause::unknown},
        {"the hypervisor", fair, {plain(steal, 5)}, Cause::unknown},
        {"nobody knows", fair, {plain(unknown, 5)}, Cause::unknown},

        {"a real-time task before a fair one", fair, {by(foreign, 5, rt_low)}, Cause::realtime},
        {"a deadline task before a fair one", fair, {by(foreign, 5, deadline)}, Cause::realtime},
        {"a deadline task before a real-time one",
         rt_high,
         {by(foreign, 5, deadline)},
         Cause::realtime},
        {"the better real-time task", rt_low, {by(foreign, 5, rt_high)}, Cause::realtime},
        {"real-time equals", rt_low, {by(foreign, 5, rt_low)}, Cause::contention},
        {"the worse real-time task", rt_high, {by(foreign, 5, rt_low)}, Cause::contention},
        {"a fair task before a real-time one", rt_low, {by(foreign, 5)}, Cause::unknown},
        {"two deadline tasks", deadline, {by(foreign, 5, deadline)}, Cause::contention},
        {"a nicer fair task does not outrank",
         fair,
         {by(foreign, 5, fair_nice)},
         Cause::contention},
        {"one's own real-time thread is self", fair, {by(self, 5, rt_high)}, Cause::self},
        {"a real-time sibling", fair, {by(sibling, 5, rt_high)}, Cause::realtime},

        {"weights of one cause add up",
         fair,
         {by(self, 5), by(foreign, 3), by(sibling, 3)},
         Cause::contention},
        {"irq and steal weigh with what is not known",
         fair,
         {by(self, 5), plain(irq, 3), plain(steal, 3)},
         Cause::unknown},
        {"the heaviest wins, not the first", fair, {by(foreign, 3), plain(idle, 4)}, Cause::idle},
        {"unknown wins only when heaviest",
         fair,
         {plain(unknown, 6), by(foreign, 5)},
         Cause::unknown},

        {"tie: throttled before realtime",
         fair,
         {by(foreign, 5, rt_low), plain(throttled, 5)},
         Cause::throttled},
        {"tie: realtime before contention",
         fair,
         {by(foreign, 5), by(foreign, 5, rt_low)},
         Cause::realtime},
        {"tie: contention before self", fair, {by(self, 5), by(foreign, 5)}, Cause::contention},
        {"tie: self before moved", fair, {plain(elsewhere, 5), by(self, 5)}, Cause::self},
        {"tie: moved before idle", fair, {plain(idle, 5), plain(elsewhere, 5)}, Cause::moved},
        {"tie: idle before unknown", fair, {plain(unknown, 5), plain(idle, 5)}, Cause::idle},
    };
    return table;
}

TEST(Cause, FollowsTheRules) {
    for (const auto& row : rules()) {
        Wait wait;
        wait.prio = row.waiter_prio;
        wait.why = row.why;
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

TEST(Cause, OutranksIsByClassThenByRealTimePriority) {
    // In the order in which the kernel would pick them; equals share a number.
    struct Ranked {
        std::int16_t prio;
        int rank;
    };
    const std::vector<Ranked> all{{deadline, 0}, {0, 1},   {rt_high, 2}, {rt_low, 3},
                                  {99, 4},       {100, 5}, {fair, 5},    {139, 5}};
    for (const auto& one : all) {
        for (const auto& other : all) {
            EXPECT_EQ(outranks(one.prio, other.prio), one.rank < other.rank)
                << one.prio << " and " << other.prio;
        }
    }
}

}  // namespace
}  // namespace rqs
