// SPDX-License-Identifier: BSD-2-Clause
// A ledger's parts and sums as tests compare them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "ledger/timeline.h"
#include "model/event.h"
#include "model/names.h"

namespace rqs::parts_for_test {

/// A part as (kind, tid of who ran): what most expectations are about.
using Key = std::pair<PartKind, std::uint32_t>;
using Parts = std::map<Key, std::uint64_t>;

inline Key ran(std::uint32_t tid) {
    return {PartKind::ran, tid};
}
inline Key of(PartKind kind) {
    return {kind, 0};
}

inline std::string to_text(const Parts& parts) {
    std::string text;
    for (const auto& [key, ns] : parts) {
        text += std::string(name(key.first)) + ":" + std::to_string(key.second) + "=" +
                std::to_string(ns) + " ";
    }
    return text;
}

inline Parts parts_of(const Wait& wait) {
    Parts parts;
    for (const auto& part : wait.why) {
        parts[{part.kind, part.task.tid}] += part.ns;
    }
    return parts;
}

inline std::string to_text(const WaitSums& sums) {
    const auto text = [](const char* what, std::uint64_t ns) {
        return what + std::to_string(ns) + " ";
    };
    return text("throttled=", sums.throttled_ns) + text("elsewhere=", sums.elsewhere_ns) +
           text("idle=", sums.idle_ns) + text("irq=", sums.irq_ns) + text("steal=", sums.steal_ns) +
           text("unknown=", sums.unknown_ns) + text("self=", sums.self_ns) +
           text("realtime=", sums.realtime_ns) + text("contention=", sums.contention_ns) +
           text("lower=", sums.lower_ns) + text("rt_throttled=", sums.rt_throttled_ns);
}

/// What tasks ran in the wait's stretches, as a consumer sums it up: run by run.
inline std::uint64_t ran_in_stretches(const Timeline& timeline, const Wait& wait) {
    std::uint64_t sum = 0;
    for (const Stretch& stretch : wait.stretches) {
        for (std::uint64_t at = stretch.first; at <= stretch.last; ++at) {
            const rqs::Run& run = timeline.run(at);
            const std::uint64_t ns = at == stretch.first  ? stretch.first_ns
                                     : at == stretch.last ? stretch.last_ns
                                                          : run.ran_ns();
            sum += run.task.tid == 0 ? 0 : ns;
        }
    }
    return sum;
}

inline std::uint64_t total_ns(const WaitSums& sums) {
    return sums.throttled_ns + sums.elsewhere_ns + sums.idle_ns + sums.irq_ns + sums.steal_ns +
           sums.unknown_ns + sums.ran_ns();
}

/// What must hold for every ledger with parts whatever the timeline tells.
inline void expect_conserved(const Wait& wait) {
    EXPECT_EQ(total_ns(wait.sums), wait.wait_ns) << to_text(wait.sums);
    std::uint64_t sum = 0;
    std::uint64_t ran_ns = 0;
    std::uint64_t before = UINT64_MAX;
    for (const auto& part : wait.why) {
        EXPECT_GT(part.ns, 0U);
        EXPECT_LE(part.ns, before);
        before = part.ns;
        sum += part.ns;
        const bool of_tasks = part.kind == PartKind::ran || part.kind == PartKind::others;
        ran_ns += of_tasks ? part.ns : 0;
        EXPECT_TRUE(part.kind == PartKind::others || part.count == 1);
    }
    EXPECT_EQ(sum, wait.wait_ns) << to_text(parts_of(wait));
    EXPECT_EQ(ran_ns, wait.sums.ran_ns());
}

}  // namespace rqs::parts_for_test
