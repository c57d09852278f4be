// SPDX-License-Identifier: BSD-2-Clause
// What is said where a file cannot be made or written, and what to do about it.
#pragma once

#include <string>
#include <string_view>

#include "util/error.h"

namespace rqs::util {

/// `path` is raw; `error` an errno of open().
tl::unexpected<Error> cannot_create(std::string_view path, int error);

/// `name` is printable and quoted where it is a path; `error` an errno of write() or close().
std::string cannot_write(std::string_view name, int error);

}  // namespace rqs::util
