// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/namespaces.h"

#include <fmt/format.h>

#include <cstdlib>
#include <sstream>
#include <string_view>

namespace rqs {
namespace {

// Namespaces are named by inodes. Those of the first ones are fixed: PROC_PID_INIT_INO and
// PROC_TIME_INIT_INO in the kernel's <linux/proc_ns.h>.
constexpr std::string_view initial_pid = "pid:[4026531836]";    // 0xEFFFFFFC
constexpr std::string_view initial_time = "time:[4026531834]";  // 0xEFFFFFFA

constexpr std::int64_t second_ns = 1'000'000'000;

Namespace compare(const util::Procfs& procfs, std::string_view file, std::string_view initial) {
    const auto link = procfs.read_link(file);
    if (!link) {
        return Namespace::unknown;
    }
    return *link == initial ? Namespace::initial : Namespace::other;
}

std::string time_note(const util::Procfs& procfs) {
    const std::int64_t offset_ns = monotonic_offset_ns(procfs);
    const std::string difference =
        offset_ns == 0 ? ""
                       : fmt::format(", which is {:.3f} s {} the one in here",
                                     static_cast<double>(std::abs(offset_ns)) / second_ns,
                                     offset_ns > 0 ? "behind" : "ahead of");
    return fmt::format(
        "this is a container's time namespace: ts_ns is of the machine's CLOCK_MONOTONIC{}; run on "
        "the host for one clock",
        difference);
}

}  // namespace

Namespace pid_namespace(const util::Procfs& procfs) {
    return compare(procfs, "self/ns/pid", initial_pid);
}

// Time namespaces came with 5.6 (769071ac9f20 "ns: Introduce Time Namespace"). Before, and without
// CONFIG_TIME_NS, a /proc that shows the others lacks this one.
Namespace time_namespace(const util::Procfs& procfs) {
    const Namespace found = compare(procfs, "self/ns/time", initial_time);
    const bool never_another = found == Namespace::unknown && procfs.read_link("self/ns/pid");
    return never_another ? Namespace::initial : found;
}

bool in_initial_pid_namespace(const util::Procfs& procfs) {
    return pid_namespace(procfs) != Namespace::other;
}

bool in_initial_time_namespace(const util::Procfs& procfs) {
    return time_namespace(procfs) != Namespace::other;
}

// "monotonic  SECONDS NANOSECONDS", then the same for boottime: time_namespaces(7). Older kernels
// say 1 for monotonic (CLOCK_MONOTONIC) and 7 for boottime.
std::int64_t monotonic_offset_ns(const util::Procfs& procfs) {
    if (in_initial_time_namespace(procfs)) {
        return 0;
    }
    std::istringstream fields(procfs.read("self/timens_offsets").value_or(""));
    std::string clock;
    std::int64_t seconds = 0;
    std::int64_t ns = 0;
    while (fields >> clock >> seconds >> ns) {
        if (clock == "monotonic" || clock == "1") {
            return seconds * second_ns + ns;
        }
    }
    return 0;
}

std::vector<std::string> namespace_notes(const util::Procfs& procfs) {
    std::vector<std::string> notes;
    if (!in_initial_pid_namespace(procfs)) {
        notes.emplace_back(
            "this is a container's pid namespace: pids and tids in the output are the machine's, "
            "not those seen in here; run on the host, or with docker run --pid=host");
    }
    if (!in_initial_time_namespace(procfs)) {
        notes.push_back(time_note(procfs));
    }
    return notes;
}

}  // namespace rqs
