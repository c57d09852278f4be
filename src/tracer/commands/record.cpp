// SPDX-License-Identifier: BSD-2-Clause
#include "commands/record.h"

#include "commands/trace.h"

namespace rqs {

Result<int> run_record(TraceOptions options) {
    const ViewOptions& view = options.view;
    options.record.path = view.to_stdout             ? "-"
                          : view.output_path.empty() ? default_recording
                                                     : view.output_path;
    options.record.alone = true;
    return run_trace(options);
}

}  // namespace rqs
