// SPDX-License-Identifier: BSD-2-Clause
// Loads of the benchmark that are crowds of processes.
#include <thread>

#include "bench/loads/loads.h"
#include "bench/loads/members.h"
#include "bench/loads/overload.h"

namespace rqs::bench {
namespace {

// Beyond its time a load waits for the driver, and only for so long.
constexpr auto idle_limit = std::chrono::seconds{300};

std::chrono::seconds limit_of(const LoadOptions& options) {
    return std::chrono::ceil<std::chrono::seconds>(options.duration) + idle_limit;
}

/// From "ready" to the end of the time.
Status run_crowd(loads::Crowd& crowd, Clock::duration duration) {
    if (const Status go = wait_for_start(); !go) {
        return go;
    }
    const auto begin = Clock::now();
    crowd.go();
    std::this_thread::sleep_for(duration);
    const auto elapsed = Clock::now() - begin;
    return finish({crowd.ops(), elapsed});
}

}  // namespace

Status hackbench(const LoadOptions& options) {
    // Small buffers: it is scheduling that is loaded, not copying.
    const loads::Messaging messaging{options.tasks == 0 ? 2 : options.tasks, 10, 4096};
    loads::Crowd crowd{2 * messaging.groups * messaging.per_side, limit_of(options)};
    if (!crowd.valid()) {
        return fail("cannot share memory between the processes of hackbench");
    }
    if (const Status ok = add_messaging(crowd, messaging); !ok) {
        return ok;
    }
    if (const Status ok = crowd.wait_until_ready(); !ok) {
        return ok;
    }
    return run_crowd(crowd, options.duration);
}

Status overload(const LoadOptions& options) {
    const auto crowd = loads::start_overload(options.kind, options.tasks, limit_of(options));
    return crowd ? run_crowd(**crowd, options.duration) : tl::unexpected(crowd.error());
}

}  // namespace rqs::bench
