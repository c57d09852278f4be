// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <array>
#include <cstddef>

#include "ledger/ledger.h"

namespace rqs {
namespace {

enum class Class { fair, realtime, deadline };

Class class_of(std::int16_t prio) {
    return prio < 0 ? Class::deadline : prio < 100 ? Class::realtime : Class::fair;
}

Cause cause_of_part(const Part& part, std::int16_t waiter_prio) {
    switch (part.kind) {
        case PartKind::throttled:
            return Cause::throttled;
        case PartKind::elsewhere:
            return Cause::moved;
        case PartKind::idle:
            return Cause::idle;
        case PartKind::ran:
            if (part.relation == Relation::self) {
                return Cause::self;
            }
            return cause_of_runner(part.prio, waiter_prio);
        case PartKind::irq:
        case PartKind::steal:
        case PartKind::unknown:
            break;
    }
    return Cause::unknown;
}

}  // namespace

bool outranks(std::int16_t prio, std::int16_t waiter_prio) {
    const Class mine = class_of(prio);
    const Class waiters = class_of(waiter_prio);
    return mine > waiters || (mine == waiters && mine == Class::realtime && prio < waiter_prio);
}

// A task of a lower class does not keep one of a higher class waiting: something else does, of
// which the parts know nothing, like the limit on real-time tasks.
Cause cause_of_runner(std::int16_t prio, std::int16_t waiter_prio) {
    if (outranks(prio, waiter_prio)) {
        return Cause::realtime;
    }
    return class_of(prio) < class_of(waiter_prio) ? Cause::unknown : Cause::contention;
}

Cause cause_of(const Wait& wait) {
    if (wait.why.empty()) {
        return wait.prev.tid == 0               ? Cause::idle
               : wait.prev.pid == wait.task.pid ? Cause::self
                                                : Cause::contention;
    }
    // Where two weigh the same, the one that is easier to act on comes first.
    constexpr std::array order{Cause::throttled, Cause::realtime, Cause::contention, Cause::self,
                               Cause::moved,     Cause::idle,     Cause::unknown};
    std::array<std::uint64_t, order.size()> weight{};
    for (const auto& part : wait.why) {
        const Cause cause = cause_of_part(part, wait.prio);
        const auto at = std::find(order.begin(), order.end(), cause) - order.begin();
        weight.at(static_cast<std::size_t>(at)) += part.ns;
    }
    const auto heaviest = std::max_element(weight.begin(), weight.end()) - weight.begin();
    return order.at(static_cast<std::size_t>(heaviest));
}

}  // namespace rqs
