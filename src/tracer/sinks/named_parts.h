// SPDX-License-Identifier: BSD-2-Clause
// Which parts of a wait are shown one by one, and which in one sum (--why=N).
#pragma once

#include <cstdint>
#include <span>

#include "model/event.h"

namespace rqs::sinks {

/// The tasks that were not named.
struct OtherTasks {
    std::uint64_t count = 0;
    std::uint64_t ns = 0;

    void add(const Part& part) {
        count += part.count;
        ns += part.ns;
    }
};

/// Calls `show` for the first `named` tasks of `why`, which is in the order of size, and for every
/// part that is no task; returns the sum of the rest. All together are the whole wait.
template <typename Show>
OtherTasks show_parts(std::span<const Part> why, std::uint32_t named, Show&& show) {
    OtherTasks others;
    for (const Part& part : why) {
        if (part.kind == PartKind::others || (part.kind == PartKind::ran && named == 0)) {
            others.add(part);
            continue;
        }
        named -= part.kind == PartKind::ran ? 1U : 0U;
        show(part);
    }
    return others;
}

}  // namespace rqs::sinks
