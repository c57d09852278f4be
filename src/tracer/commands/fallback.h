// SPDX-License-Identifier: BSD-2-Clause
// Whether sampling may stand in for tracing where --source auto cannot trace.
#pragma once

#include "model/options.h"
#include "util/error.h"

namespace rqs {

/// Sampled text has the drop-in columns' shape but not their meaning: the fourth is a number of
/// switches and no latency. A person sees the heading and the warning; a script that takes column
/// four does not, so without a terminal text is refused. `why_not` is what kept tracing from
/// starting and stands in the error line. An --output file is no terminal.
Status may_fall_back(const ViewOptions& view, bool stdout_is_terminal, const Error& why_not);

}  // namespace rqs
