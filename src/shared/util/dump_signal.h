// SPDX-License-Identifier: BSD-2-Clause
// SIGUSR1: somebody wants to have what there is, and the program to go on.
#pragma once

namespace rqs::util {

/// From now on USR1 sets a flag and interrupts what waits.
void catch_dump_signal();

/// Whether it came since this was asked last.
bool take_dump_signal();

}  // namespace rqs::util
