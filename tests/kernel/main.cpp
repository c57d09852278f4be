// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "harness/tracefs.h"
#include "roles.h"

int main(int argc, char** argv) {
    if (argc > 2 && std::string(argv[1]) == "--role") {
        return rqs::ktest::play_role(std::vector<std::string>(argv + 2, argv + argc));
    }
    ::testing::InitGoogleTest(&argc, argv);
    if (::geteuid() != 0) {
        std::fputs("kernel_tests: needs root\n", stderr);
        return 1;
    }
    (void)std::signal(SIGPIPE, SIG_IGN);
    if (!rqs::harness::see_tracefs()) {  // the witness of switches that no tracepoint announces
        std::fputs("kernel_tests: no tracefs; parity may fail where switches are hidden\n", stderr);
    }
    return RUN_ALL_TESTS();
}
