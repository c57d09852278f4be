// SPDX-License-Identifier: BSD-2-Clause
// The table of sources.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "model/options.h"
#include "sources/source.h"

namespace rqs {

/// Makes and starts the source that `options` ask for. Under `auto` that is the kernel's hook, or
/// where it cannot be had the schedstat files; `why_not` then says what stood in the way.
/// `ancestor`: trace what descends from this process and is started from now on, and nobody else
/// (-- command). `before_start` is called when all is prepared.
Result<std::unique_ptr<Source>> start_source(const SourceOptions& options,
                                             std::optional<pid_t> ancestor,
                                             const std::function<Status()>& before_start,
                                             std::optional<Error>& why_not);

}  // namespace rqs
