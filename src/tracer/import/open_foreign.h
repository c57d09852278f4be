// SPDX-License-Identifier: BSD-2-Clause
// Which format a file has, by its first bytes. A new format is a new file and a row here.
#pragma once

#include <memory>
#include <string>

#include "import/foreign_file.h"
#include "util/error.h"

namespace rqs::import {

/// `path` may be `-`, standard input. Errors are one line that names the file.
Result<std::unique_ptr<ForeignFile>> open_foreign(const std::string& path);

}  // namespace rqs::import
