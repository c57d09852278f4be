// SPDX-License-Identifier: BSD-2-Clause
// zlib streams (RFC 1950), bounded.
#pragma once

#include <cstddef>

#include "pkg/base64.h"

namespace rqs::pkg {

/// Inflates all of `compressed`; the result must have exactly `size` bytes. Memory is bounded by
/// `size`, which the caller has checked: a stream that wants more is refused when it does.
Result<Bytes> inflate_exactly(const Bytes& compressed, std::size_t size);

/// A zlib stream of the same bytes at the default level.
Result<Bytes> deflate(const Bytes& plain);

}  // namespace rqs::pkg
