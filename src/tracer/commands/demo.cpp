// SPDX-License-Identifier: BSD-2-Clause
#include "commands/demo.h"

#include <fmt/format.h>

#include <chrono>

#include "commands/trace.h"
#include "commands/workload.h"
#include "util/say.h"

namespace rqs {

Result<int> run_demo(TraceOptions options) {
    const double duration_s = options.run.duration_s.value_or(demo_duration_s);
    options.run.duration_s = duration_s;
    options.view.summary = true;
    if (options.view.format == Format::text) {
        options.view.why = true;
    }
    // A little longer than the trace, so that it never ends first.
    const auto lifetime =
        std::chrono::ceil<std::chrono::seconds>(std::chrono::duration<double>(duration_s + 10));
    Workload workload(lifetime);
    if (auto started = workload.start(); !started) {
        return tl::unexpected(started.error());
    }
    util::say(fmt::format(
        "runqslower: tracing the whole machine for {:g} s; a workload of our own, demo-*, crowds "
        "CPU {}",
        duration_s, workload.cpu()));
    return run_trace(options);
}

}  // namespace rqs
