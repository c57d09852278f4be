// SPDX-License-Identifier: BSD-2-Clause
// More runnable tasks than the CPUs can carry: what a tracer of waits is for, and where one breaks
// first. rqs_load runs these as `overload`, the kernel tests run them directly.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "bench/loads/crowd.h"
#include "util/error.h"

namespace rqs::loads {

/// One kind of overload. `build` adds about `tasks` tasks to a crowd that has room for them.
struct OverloadKind {
    std::string_view name;
    Status (*build)(Crowd& crowd, std::uint32_t tasks);
    std::string_view help;
};

/// messaging, messaging-threads, pairs, hogs, threads and mix.
extern const std::array<OverloadKind, 6> overload_kinds;

/// Sets the tasks up and leaves them asleep until go() of the crowd. They end with it, at the
/// latest after `limit`. A usage error if there is no such kind, or if it needs more tasks.
Result<std::unique_ptr<Crowd>> start_overload(std::string_view kind, std::uint32_t tasks,
                                              std::chrono::seconds limit);

}  // namespace rqs::loads
