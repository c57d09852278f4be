// SPDX-License-Identifier: BSD-2-Clause
// SIGINT and SIGTERM as a flag, for the small programs of the benchmark.
#pragma once

#include <csignal>

namespace rqs::bench {

inline volatile std::sig_atomic_t exit_flag = 0;

[[nodiscard]] inline bool exit_requested() {
    return exit_flag != 0;
}

/// From now on SIGINT and SIGTERM interrupt a system call and set the flag.
inline void catch_exit_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { exit_flag = 1; };
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace rqs::bench
