// SPDX-License-Identifier: BSD-2-Clause
// argv as an Invocation. Nothing here looks at the machine, prints or exits.
#pragma once

#include "cli/command.h"
#include "util/error.h"

namespace rqs::cli {

/// Reads a command line, argv[0] included. `commands` must outlive the result and have a row
/// without a name. Everything after the first `--` is the command to run and is not looked at.
/// Every error is a usage error.
Result<Invocation> parse(int argc, const char* const* argv, const Commands& commands);

}  // namespace rqs::cli
