// SPDX-License-Identifier: BSD-2-Clause
#include "commands/record.h"

#include <unistd.h>

#include "commands/trace.h"

namespace rqs {

Result<int> run_record(TraceOptions options) {
    const ViewOptions& view = options.view;
    options.record.path = view.to_stdout             ? "-"
                          : view.output_path.empty() ? default_recording
                                                     : view.output_path;
    options.record.alone = true;
    if (view.to_stdout && ::isatty(STDOUT_FILENO) == 1) {
        return usage_error(
            "a recording is not for a terminal; name a file with -o, or pipe it into a program");
    }
    return run_trace(options);
}

}  // namespace rqs
