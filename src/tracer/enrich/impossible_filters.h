// SPDX-License-Identifier: BSD-2-Clause
// Filters that are right each by itself and together let nothing through.
#pragma once

#include <string>
#include <vector>

#include "model/options.h"
#include "util/procfs.h"

namespace rqs {

/// One line, without a newline, for each filter that can match nothing, for ever or as things
/// stand: a process or thread beside a command, whose descendants alone are traced; a thread of no
/// process that is asked for; a process or thread outside of --cgroup; a CPU that is offline. Not
/// errors: processes move, CPUs come. Call it after check_against_system().
/// `cpus` is the directory /sys/devices/system/cpu.
std::vector<std::string> impossible_filters(
    const TraceOptions& options, const util::Procfs& procfs = util::Procfs(),
    const util::Procfs& cpus = util::Procfs("/sys/devices/system/cpu"));

}  // namespace rqs
