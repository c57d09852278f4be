// SPDX-License-Identifier: BSD-2-Clause
#include "harness/tracefs.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

namespace rqs::harness {

bool see_tracefs() {
    constexpr const char* place = "/sys/kernel/tracing";
    constexpr const char* file = "/sys/kernel/tracing/available_events";
    if (::access(file, F_OK) == 0) {
        return true;
    }
    // Private first, or the mount would spread to everybody else's namespace.
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("tracefs", place, "tracefs", 0, nullptr) == 0;
}

}  // namespace rqs::harness
