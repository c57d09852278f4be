// SPDX-License-Identifier: BSD-2-Clause
// Programs that are started with standard descriptors closed.
#pragma once

namespace rqs::util {

/// Takes the numbers 0 to 2 where they are free, so that no file opened later becomes somebody's
/// standard output. Using one of them is an error (EBADF) still. To be called before all else.
void occupy_standard_descriptors();

}  // namespace rqs::util
