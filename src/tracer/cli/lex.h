// SPDX-License-Identifier: BSD-2-Clause
// A command line taken apart by the rules of getopt_long(3): clusters of short options, values that
// are attached or follow, long options abbreviated. Nothing is understood yet.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/table.h"
#include "util/error.h"

namespace rqs::cli {

/// One use of an option.
struct Use {
    const OptionRow* row = nullptr;
    std::string value;
};

struct Words {
    std::vector<Use> uses;                            ///< in the order of the command line
    std::vector<std::string> operands;                ///< what is no option, before `--`
    std::optional<std::vector<std::string>> command;  ///< what follows the first `--`
};

/// Takes argv apart, argv[0] left out. An unknown option, an ambiguous abbreviation and a value
/// that is missing or superfluous are usage errors.
Result<Words> lex(int argc, const char* const* argv);

}  // namespace rqs::cli
