// SPDX-License-Identifier: BSD-2-Clause
// A ledger's parts as tests compare them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

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

/// What must hold for every ledger whatever the timeline tells.
inline void expect_conserved(const Wait& wait) {
    std::uint64_t sum = 0;
    std::uint64_t before = UINT64_MAX;
    std::map<Key, int> times;
    for (const auto& part : wait.why) {
        EXPECT_GT(part.ns, 0U);
        EXPECT_LE(part.ns, before);
        EXPECT_EQ((++times[{part.kind, part.task.tid}]), 1);
        before = part.ns;
        sum += part.ns;
    }
    EXPECT_EQ(sum, wait.wait_ns) << to_text(parts_of(wait));
}

}  // namespace rqs::parts_for_test
