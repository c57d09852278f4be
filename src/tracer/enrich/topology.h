// SPDX-License-Identifier: BSD-2-Clause
// Which CPUs there are, and where they lie.
#pragma once

#include <cstdint>
#include <vector>

#include "model/recording_info.h"
#include "util/procfs.h"

namespace rqs {

/// Where the kernel describes CPUs and memory nodes.
inline util::Procfs system_devices() {
    return util::Procfs("/sys/devices/system");
}

/// The numbers in a file like `cpu/online` or `cpu/possible`, in increasing order; none where it
/// cannot be read.
std::vector<std::uint32_t> cpu_numbers(const util::Procfs& system, const char* file);

/// The CPUs that are online, by number. What the kernel does not say of one is -1: a virtual
/// machine may have no cores, and a kernel without CONFIG_NUMA has no nodes.
std::vector<CpuPlace> read_topology(const util::Procfs& system = system_devices());

}  // namespace rqs
