// SPDX-License-Identifier: BSD-2-Clause
// zlib streams (RFC 1950), bounded.
#pragma once

#include <cstddef>

#include "pkg/base64.h"

namespace rqs::pkg {

/// Inflates all of `compressed` to at most `most` bytes. Memory is bounded by `most`, which the
/// caller has checked: a stream that wants more is refused when it does.
Result<Bytes> inflate(const Bytes& compressed, std::size_t most);

/// A zlib stream of the same bytes at the default level.
Result<Bytes> deflate(const Bytes& plain);

}  // namespace rqs::pkg
