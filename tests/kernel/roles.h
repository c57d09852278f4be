// SPDX-License-Identifier: BSD-2-Clause
// What this program does when it is started as the command of a test instead of as the tests.
#pragma once

#include <string>
#include <vector>

namespace rqs::ktest {

/// The path of this program.
std::string self_path();

/// `words` are those after --role. Returns the exit code.
int play_role(const std::vector<std::string>& words);

}  // namespace rqs::ktest
