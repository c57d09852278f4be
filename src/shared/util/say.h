// SPDX-License-Identifier: BSD-2-Clause
// Talk, as opposed to data: a line on standard error.
#pragma once

#include <cstdio>
#include <string>

namespace rqs::util {

/// Prints `line` and a newline. Where nobody listens nothing is lost but the talk: that it cannot
/// be written is no error.
inline void say(std::string line) {
    line += '\n';
    (void)std::fputs(line.c_str(), stderr);
}

}  // namespace rqs::util
