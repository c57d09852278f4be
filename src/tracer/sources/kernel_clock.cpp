// SPDX-License-Identifier: BSD-2-Clause
#include "sources/kernel_clock.h"

#include "enrich/namespaces.h"
#include "util/clock.h"
#include "util/procfs.h"

namespace rqs {

std::uint64_t kernel_monotonic_ns() {
    static const std::int64_t offset_ns = monotonic_offset_ns(util::Procfs());
    return util::monotonic_ns() - static_cast<std::uint64_t>(offset_ns);
}

}  // namespace rqs
