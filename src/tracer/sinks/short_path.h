// SPDX-License-Identifier: BSD-2-Clause
// Paths of cgroups in a column: cut where the eye loses least.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rqs::sinks {

/// `path` (raw, as CgroupInfo has it) in at most `width` columns, printable, not filled up. A path
/// that fits stays whole. Else it is shortened step by step, until it fits:
///
///  1. ids of containers and pods as their tools print them: 12 hex digits, 8 of a uuid
///  2. slices that the next one's name repeats are left out
///     (`/user.slice/user-1000.slice/x` is `/user-1000.slice/x`)
///  3. a pod is `~/podUID/ID`, without its quality of service and the names of runtimes
///  4. as many directories from the end as fit, `~` in place of the rest
///  5. of the last one first its runtime and its suffix go (`docker-`, `.service`), then its end
std::string short_cgroup_path(std::string_view path, std::size_t width);

}  // namespace rqs::sinks
