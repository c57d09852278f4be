// SPDX-License-Identifier: BSD-2-Clause
// --from, --to and -d of a replay, as moments of the recording.
#pragma once

#include "model/options.h"
#include "model/recording_info.h"
#include "sources/recording.h"
#include "util/error.h"

namespace rqs {

/// A moment is seconds since the recording began (`12.5`), or a local time of day (`14:30:05`),
/// perhaps with a date (`2026-11-25T14:30:05`). Without one the first such time since the recording
/// began is meant. Errors are usage errors.
Result<ReplaySpan> replay_span(const TraceOptions& options, const RecordingInfo& info);

}  // namespace rqs
