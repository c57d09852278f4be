// SPDX-License-Identifier: BSD-2-Clause
// The clock of events: CLOCK_MONOTONIC of the machine, which in a time namespace is another than
// the one that clock_gettime() reads.
#pragma once

#include <cstdint>

namespace rqs {

/// ns. The namespace's offset is read once: a process cannot leave its time namespace.
std::uint64_t kernel_monotonic_ns();

}  // namespace rqs
