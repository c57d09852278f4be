// SPDX-License-Identifier: BSD-2-Clause
// Stack traces as text.
#pragma once

#include <string>
#include <string_view>

#include "pkg/meta.h"
#include "pkg/value_type.h"

namespace rqs::pkg {

/// Appends one trace: whose it is, then the kernel's and the user's frames. With `fields.symbols`
/// kernel addresses get names from /proc/kallsyms and user addresses their file and offset from
/// /proc/PID/maps, where these can be read. A record without the named members shows what it has.
void append_stack_trace(std::string& out, const ValueType& record, const StackTraceFields& fields,
                        std::string_view bytes);

}  // namespace rqs::pkg
