// SPDX-License-Identifier: BSD-2-Clause
// What words alone cannot tell: whether that which the options name is there.
#pragma once

#include "model/options.h"
#include "util/error.h"
#include "util/procfs.h"

namespace rqs {

/// Looks for every process, thread, cgroup, CPU and map file that `filters` names. What is missing
/// is a usage error. The shape of maps is left to whoever opens them.
Status check_against_system(const Filters& filters, const util::Procfs& procfs);

}  // namespace rqs
