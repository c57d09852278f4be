// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "ledger/ledger.h"

namespace rqs {
namespace {

enum class Class { fair, realtime, deadline };

Class class_of(std::int16_t prio) {
    return prio < 0 ? Class::deadline : prio < 100 ? Class::realtime : Class::fair;
}

}  // namespace

bool outranks(std::int16_t prio, std::int16_t waiter_prio) {
    const Class mine = class_of(prio);
    const Class waiters = class_of(waiter_prio);
    return mine > waiters || (mine == waiters && mine == Class::realtime && prio < waiter_prio);
}

bool is_lower_class(std::int16_t prio, std::int16_t waiter_prio) {
    return class_of(prio) < class_of(waiter_prio);
}

// A task of a lower class does not keep one of a higher class waiting: something else does, of
// which the parts know nothing, like the limit on real-time tasks.
Cause cause_of_runner(std::int16_t prio, std::int16_t waiter_prio) {
    if (outranks(prio, waiter_prio)) {
        return Cause::realtime;
    }
    return is_lower_class(prio, waiter_prio) ? Cause::unknown : Cause::contention;
}

Cause cause_of(const Wait& wait) {
    if (wait.wait_ns == 0) {
        return wait.prev.tid == 0               ? Cause::idle
               : wait.prev.pid == wait.task.pid ? Cause::self
                                                : Cause::contention;
    }
    const WaitSums& sums = wait.sums;
    // Where two weigh the same, the one that is easier to act on comes first.
    const std::array<std::pair<Cause, std::uint64_t>, 8> weights{
        {{Cause::throttled, sums.throttled_ns},
         {Cause::realtime, sums.realtime_ns},
         {Cause::rt_throttled, sums.rt_throttled_ns},
         {Cause::contention, sums.contention_ns},
         {Cause::self, sums.self_ns},
         {Cause::moved, sums.elsewhere_ns},
         {Cause::idle, sums.idle_ns},
         // No task is to blame for interrupts and steal, the sums say it; and a task of a lower
         // class that was running already is not what holds a wait back.
         {Cause::unknown, sums.unknown_ns + sums.irq_ns + sums.steal_ns + sums.lower_ns}}};
    const auto heaviest =
        std::max_element(weights.begin(), weights.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return heaviest->first;
}

Cause cause_of_stuck(const Stuck& stuck) {
    // A task of a lower class may be in the middle of what cannot be interrupted. Nothing but the
    // limit on real-time tasks lets it go on for so long.
    constexpr std::uint64_t long_since_ns = 5'000'000;
    if (stuck.throttled) {
        return Cause::throttled;
    }
    if (stuck.running.tid == 0) {
        return Cause::idle;
    }
    if (stuck.running.pid == stuck.task.pid) {
        return Cause::self;
    }
    if (is_lower_class(stuck.running_prio, stuck.prio) && stuck.waiting_ns >= long_since_ns) {
        return Cause::rt_throttled;
    }
    return cause_of_runner(stuck.running_prio, stuck.prio);
}

}  // namespace rqs
