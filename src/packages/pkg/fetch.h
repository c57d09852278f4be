// SPDX-License-Identifier: BSD-2-Clause
// Where a package's text comes from.
#pragma once

#include <string>

#include "util/error.h"

namespace rqs::pkg {

/// The whole of a file (a path, or file:///path), of the package.json in a folder, of standard
/// input
/// ("-") or of an http(s) URL; at most limits::package_bytes. URLs: GET with up to five redirects,
/// never from https to http; the server's certificate must be valid for its name.
Result<std::string> fetch(const std::string& source);

}  // namespace rqs::pkg
