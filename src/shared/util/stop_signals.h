// SPDX-License-Identifier: BSD-2-Clause
// Signals that ask the program to end in good order.
#pragma once

namespace rqs::util {

/// From now on INT, TERM and HUP set a flag and interrupt what waits; PIPE and
/// XFSZ (a file as large as `ulimit -f` allows) are errors of write().
/// A second INT or TERM ends the program at once.
void catch_stop_signals();

/// The signal that came, or 0.
int stop_signal();

/// Whether a process sent it, and not a terminal to all that runs on it.
bool stop_signal_was_sent();

}  // namespace rqs::util
