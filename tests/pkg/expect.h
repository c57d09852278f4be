// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "program.h"

namespace rqs::pkgtest {

/// One line on stderr, nothing on stdout.
inline void expect_one_line(const Outcome& outcome, int exit_code, const std::string& because) {
    EXPECT_EQ(outcome.code, exit_code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find(because), std::string::npos) << outcome.err;
}

}  // namespace rqs::pkgtest
