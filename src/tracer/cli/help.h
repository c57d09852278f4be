// SPDX-License-Identifier: BSD-2-Clause
// What --help and --version print.
#pragma once

#include <string>

#include "cli/command.h"

namespace rqs::cli {

/// The --help of `command`: only the options that it takes, at most 80 columns wide. That of the
/// row without a name lists the other `commands` too.
std::string help_text(const Command& command, const Commands& commands);

/// One line.
std::string version_text();

}  // namespace rqs::cli
