// SPDX-License-Identifier: BSD-2-Clause
// Signals that ask the program to end in good order.
#pragma once

#include <cstdint>

#include "util/clock.h"

namespace rqs::util {

/// A clock in ns that a signal handler may read; clock_gettime(2) is one.
using SignalClock = std::uint64_t (*)();

/// From now on INT, TERM and HUP set a flag and interrupt what waits; PIPE and
/// XFSZ (a file as large as `ulimit -f` allows) are errors of write().
/// A second INT or TERM ends the program at once, unless it is the first one again within a second:
/// timeout(1) sends its signal to the child and to the group.
///
/// TERM and HUP (nohup) that the program was started to ignore stay ignored. INT does not: a shell
/// without job control starts everything in the background with INT ignored, and a script that
/// cannot interrupt its tracer has to kill it.
void catch_stop_signals(SignalClock clock = monotonic_ns);

/// The signal that came, or 0.
int stop_signal();

/// Whether a process sent it, and not a terminal to all that runs on it.
bool stop_signal_was_sent();

/// Undoes catch_stop_signals() in a forked child, before exec: what the program was started to
/// ignore is ignored again, INT included; PIPE and XFSZ are as in a fresh process.
/// Async-signal-safe.
void restore_stop_signals();

}  // namespace rqs::util
