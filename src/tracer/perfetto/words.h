// SPDX-License-Identifier: BSD-2-Clause
// The words that track events refer to by number. They are told once, at the start.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/names.h"

namespace rqs::perfetto {

/// Names of slices; a wait's has its cause.
enum class Name : std::uint8_t {
    wait_contention = 1,
    wait_self,
    wait_throttled,
    wait_realtime,
    wait_rt_throttled,
    wait_idle,
    wait_moved,
    wait_unknown,
    delays,
    lost
};
constexpr std::array<std::string_view, 10> event_names{
    "wait: contention", "wait: self",  "wait: throttled", "wait: realtime", "wait: rt_throttled",
    "wait: idle",       "wait: moved", "wait: unknown",   "delays a wait",  "waits lost"};

constexpr Name name_of(Cause cause) {
    return static_cast<Name>(static_cast<std::uint8_t>(cause) + 1);
}
static_assert(name_of(Cause::contention) == Name::wait_contention);
static_assert(name_of(Cause::unknown) == Name::wait_unknown);

/// Names of arguments.
enum class Key : std::uint8_t {
    cause = 1,
    kind,
    wait_ns,
    cpu,
    ledger,
    idle,
    throttled,
    elsewhere,
    irq,
    steal,
    unknown,
    others,
    stamped,
    complete,
    waker,
    victim,
    ns,
    lost,
    reason
};
constexpr std::array<std::string_view, 19> annotation_names{
    "cause",     "kind",   "wait_ns", "cpu",     "ledger", "idle",    "throttled",
    "elsewhere", "irq",    "steal",   "unknown", "others", "stamped", "complete",
    "waker",     "victim", "ns",      "lost",    "reason"};
static_assert(annotation_names[static_cast<std::size_t>(Key::reason) - 1] == "reason");

constexpr Key key_of(PartKind kind) {
    switch (kind) {
        case PartKind::idle:
            return Key::idle;
        case PartKind::throttled:
            return Key::throttled;
        case PartKind::elsewhere:
            return Key::elsewhere;
        case PartKind::irq:
            return Key::irq;
        case PartKind::steal:
            return Key::steal;
        case PartKind::others:
            return Key::others;
        case PartKind::ran:
        case PartKind::unknown:
            break;
    }
    return Key::unknown;
}

/// Words that are values: causes, then kinds of waits.
constexpr std::size_t causes = static_cast<std::size_t>(Cause::unknown) + 1;
constexpr std::size_t kinds = static_cast<std::size_t>(WaitKind::unknown) + 1;
constexpr std::array<std::string_view, causes + kinds> value_words = [] {
    std::array<std::string_view, causes + kinds> words{};
    for (std::size_t i = 0; i < causes; ++i) {
        words[i] = name(static_cast<Cause>(i));
    }
    for (std::size_t i = 0; i < kinds; ++i) {
        words[causes + i] = name(static_cast<WaitKind>(i));
    }
    return words;
}();

constexpr std::uint64_t word_of(Cause cause) {
    return static_cast<std::uint64_t>(cause) + 1;
}
constexpr std::uint64_t word_of(WaitKind kind) {
    return causes + static_cast<std::uint64_t>(kind) + 1;
}

}  // namespace rqs::perfetto
