// SPDX-License-Identifier: BSD-2-Clause
#include "util/standard_descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace rqs::util {
namespace {

// Each case runs in a process of its own.

void expect(bool condition, int code) {
    if (!condition) {
        std::_Exit(code);
    }
}

void closed_ones_are_taken_and_stay_useless() {
    for (const int fd : {0, 1, 2}) {
        ::close(fd);
    }
    occupy_standard_descriptors();
    char byte = 0;
    expect(::read(0, &byte, 1) == -1 && errno == EBADF, 1);
    expect(::write(1, "x", 1) == -1 && errno == EBADF, 2);
    expect(::write(2, "x", 1) == -1 && errno == EBADF, 3);
    expect(::open("/dev/null", O_RDONLY | O_CLOEXEC) > 2, 4);
    std::_Exit(0);
}

void open_ones_are_left_alone() {
    std::array<int, 2> ends{};
    expect(::pipe2(ends.data(), O_CLOEXEC) == 0, 1);
    ::dup2(ends[1], 1);
    ::close(2);
    occupy_standard_descriptors();
    char byte = 0;
    expect(::write(1, "x", 1) == 1, 2);
    expect(::read(ends[0], &byte, 1) == 1 && byte == 'x', 3);
    expect(::fcntl(2, F_GETFD) == 0, 4);
    std::_Exit(0);
}

TEST(StandardDescriptorsDeathTest, ClosedOnesAreTakenAndStayUseless) {
    EXPECT_EXIT(closed_ones_are_taken_and_stay_useless(), ::testing::ExitedWithCode(0), "");
}

TEST(StandardDescriptorsDeathTest, OpenOnesAreLeftAlone) {
    EXPECT_EXIT(open_ones_are_left_alone(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace rqs::util
