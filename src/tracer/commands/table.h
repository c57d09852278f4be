// SPDX-License-Identifier: BSD-2-Clause
// Every command, one row each. A new one is a file in this folder and a row here.
#pragma once

#include "cli/command.h"

namespace rqs {

const cli::Commands& command_table();

}  // namespace rqs
