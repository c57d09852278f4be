// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "harness/tracefs.h"
#include "roles.h"

namespace {

/// Says at the very end, in short, what failed: a failure's own text may be ten thousands of lines
/// before it, and as long.
class FailuresOnceMore : public ::testing::EmptyTestEventListener {
    // GoogleTest calls the next one with a lock held that current_test_info() takes.
    void OnTestStart(const ::testing::TestInfo& test) override {
        test_ = std::string(test.test_suite_name()) + "." + test.name();
    }
    void OnTestPartResult(const ::testing::TestPartResult& result) override {
        constexpr std::size_t enough = 600;
        if (result.failed()) {
            failures_ += test_ + ": " + std::string(result.summary()).substr(0, enough) + "\n";
        }
    }
    void OnTestProgramEnd(const ::testing::UnitTest& /*all*/) override {
        std::printf("%s", failures_.c_str());
    }

    std::string test_;
    std::string failures_;
};

}  // namespace

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
    ::testing::UnitTest::GetInstance()->listeners().Append(new FailuresOnceMore);
    return RUN_ALL_TESTS();
}
