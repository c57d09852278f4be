// SPDX-License-Identifier: BSD-2-Clause
// Whether this process sees ids and clocks as the kernel's hooks do. They know the machine's first
// pid and time namespaces only; in a container's own, ids and times of events differ from those
// that are seen around it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "util/procfs.h"

namespace rqs {

/// `unknown` where /proc does not tell; `initial` on a kernel without that kind of namespace.
enum class Namespace { initial, other, unknown };

Namespace pid_namespace(const util::Procfs& procfs);
Namespace time_namespace(const util::Procfs& procfs);

/// False only where it is known to be another one: what cannot be told is most often the first.
bool in_initial_pid_namespace(const util::Procfs& procfs);
bool in_initial_time_namespace(const util::Procfs& procfs);

/// What CLOCK_MONOTONIC of this time namespace reads more than the machine's, which events are
/// stamped with: add it to an event's time to compare that with clock_gettime(2). 0 in the initial
/// namespace, and where it cannot be read.
std::int64_t monotonic_offset_ns(const util::Procfs& procfs);

/// One line, without a newline, for each namespace that changes what the output means; none on the
/// machine itself.
std::vector<std::string> namespace_notes(const util::Procfs& procfs = util::Procfs());

}  // namespace rqs
