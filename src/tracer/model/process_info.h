// SPDX-License-Identifier: BSD-2-Clause
// What is known of a process beside its id, as plain data that a consumer may keep.
#pragma once

#include <cstdint>

#include "model/event.h"

namespace rqs {

/// A process by the name of its main thread: other threads often have names of their own.
struct ProcessInfo {
    std::uint32_t pid = 0;
    Comm comm;
    std::uint32_t ppid = 0;  ///< 0: it has no parent that can be seen
    Comm parent_comm;        ///< empty where it is not known (yet)

    bool operator==(const ProcessInfo&) const = default;
};

}  // namespace rqs
