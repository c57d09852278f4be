// SPDX-License-Identifier: BSD-2-Clause
// For commands whose data is one text.
#pragma once

#include <string>

#include "util/error.h"

namespace rqs {

/// Writes `text` to standard output and returns `code`, or an error where it cannot be written.
Result<int> print(const std::string& text, int code);

}  // namespace rqs
