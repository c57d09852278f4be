// SPDX-License-Identifier: BSD-2-Clause
// Machines without systemd have nobody who mounts tracefs.
#pragma once

namespace rqs::harness {

/// Mounts tracefs at its usual place for this process and its children alone, where nobody has:
/// in a mount namespace of their own, which goes with them. False where it cannot be had.
bool see_tracefs();

}  // namespace rqs::harness
