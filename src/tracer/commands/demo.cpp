// SPDX-License-Identifier: BSD-2-Clause
#include "commands/demo.h"

#include <chrono>
#include <cstdio>

#include "commands/trace.h"
#include "commands/workload.h"

namespace rqs {

Result<int> run_demo(Options options) {
    if (!options.duration_s) {
        options.duration_s = 10;
    }
    options.summary = true;
    if (options.format == Format::text) {
        options.why = true;
    }
    // A little longer than the trace, so that it never ends first.
    const auto lifetime = std::chrono::ceil<std::chrono::seconds>(
        std::chrono::duration<double>(*options.duration_s + 10));
    Workload workload(lifetime);
    if (auto started = workload.start(); !started) {
        return tl::unexpected(started.error());
    }
    std::fprintf(stderr,
                 "runqslower: tracing the whole machine for %g s; a workload of our own, demo-*, "
                 "crowds CPU %d\n",
                 *options.duration_s, workload.cpu());
    return run_trace(options);
}

}  // namespace rqs
