// SPDX-License-Identifier: BSD-2-Clause
// What is mounted where, as far as cgroups need it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/procfs.h"

namespace rqs {

/// One line of /proc/self/mountinfo. Paths are decoded: bytes as they are, not `\040`.
struct Mount {
    std::string root;   ///< which directory of the file system is mounted; "/" is all of it
    std::string point;  ///< where it is seen
    std::string type;
    std::string super_options;  ///< separated by commas; of a v1 hierarchy its controllers too
};

/// The mounts of a text in the format of /proc/self/mountinfo (proc_pid_mountinfo(5)), in its
/// order. Lines of another shape are skipped.
std::vector<Mount> parse_mountinfo(std::string_view text);

/// The mounts that this process sees; none where the file cannot be read.
std::vector<Mount> read_mounts(const util::Procfs& procfs);

/// The mount of the cgroup v2 hierarchy. Of several the first that shows all of it, else the first.
std::optional<Mount> find_cgroup_v2(const std::vector<Mount>& mounts);

/// The same for the v1 hierarchy that has `controller`.
std::optional<Mount> find_cgroup_v1(const std::vector<Mount>& mounts, std::string_view controller);

/// Whether `word` is one of the words of `text`, which are separated by any of `separators`.
bool has_word(std::string_view text, std::string_view word, std::string_view separators);

}  // namespace rqs
