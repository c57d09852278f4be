// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "bench/loads/loads.h"

namespace rqs::bench {

Status wait_for_start() {
    std::puts("ready");
    std::fflush(stdout);
    char byte = 0;
    if (::read(STDIN_FILENO, &byte, 1) != 1) {
        return fail("nobody said when to start: write a line to standard input");
    }
    return {};
}

Status finish(const LoadResult& result) {
    fmt::print("{{\"ops\":{},\"elapsed_ns\":{}}}\n", result.ops,
               std::chrono::nanoseconds{result.elapsed}.count());
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return {};
}

Status pin_to_cpu(int cpu) {
    if (cpu < 0) {
        return {};
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    if (::sched_setaffinity(0, sizeof(set), &set) != 0) {
        return fail("cannot run on CPU " + std::to_string(cpu) + ": " + std::strerror(errno));
    }
    return {};
}

}  // namespace rqs::bench
