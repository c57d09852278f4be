// SPDX-License-Identifier: BSD-2-Clause
// The words that stand in every output for the model's enumerations.
#pragma once

#include <string_view>

#include "model/event.h"

namespace rqs {

constexpr std::string_view name(PartKind kind) {
    switch (kind) {
        case PartKind::ran:
            return "ran";
        case PartKind::idle:
            return "idle";
        case PartKind::throttled:
            return "throttled";
        case PartKind::elsewhere:
            return "elsewhere";
        case PartKind::irq:
            return "irq";
        case PartKind::steal:
            return "steal";
        case PartKind::others:
            return "others";
        case PartKind::unknown:
            break;
    }
    return "unknown";
}

constexpr std::string_view name(WaitKind kind) {
    switch (kind) {
        case WaitKind::woken:
            return "woken";
        case WaitKind::created:
            return "new";
        case WaitKind::preempted:
            return "preempted";
        case WaitKind::yielded:
            return "yielded";
        case WaitKind::unknown:
            break;
    }
    return "unknown";
}

constexpr std::string_view name(Left left) {
    switch (left) {
        case Left::asleep:
            return "asleep";
        case Left::blocked:
            return "blocked";
        case Left::stopped:
            return "stopped";
        case Left::dead:
            return "dead";
        case Left::preempted:
            return "preempted";
        case Left::yielded:
            return "yielded";
        case Left::unknown:
            break;
    }
    return "unknown";
}

constexpr std::string_view name(Relation relation) {
    switch (relation) {
        case Relation::self:
            return "self";
        case Relation::sibling:
            return "sibling";
        case Relation::foreign:
            return "foreign";
        case Relation::none:
            break;
    }
    return "none";
}

constexpr std::string_view name(Cause cause) {
    switch (cause) {
        case Cause::contention:
            return "contention";
        case Cause::self:
            return "self";
        case Cause::throttled:
            return "throttled";
        case Cause::realtime:
            return "realtime";
        case Cause::rt_throttled:
            return "rt_throttled";
        case Cause::idle:
            return "idle";
        case Cause::moved:
            return "moved";
        case Cause::unknown:
            break;
    }
    return "unknown";
}

constexpr std::string_view name(Policy policy) {
    switch (policy) {
        case Policy::other:
            return "other";
        case Policy::fifo:
            return "fifo";
        case Policy::rr:
            return "rr";
        case Policy::batch:
            return "batch";
        case Policy::idle:
            return "idle";
        case Policy::deadline:
            return "deadline";
        case Policy::ext:
            return "ext";
        case Policy::unknown:
            return "unknown";
    }
    return "other";
}

constexpr std::string_view name(LossReason reason) {
    return reason == LossReason::damage ? "damage" : "ring";
}

}  // namespace rqs
