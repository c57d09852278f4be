// SPDX-License-Identifier: BSD-2-Clause
// argv as Options. Nothing here looks at the machine, prints or exits.
#pragma once

#include <string>
#include <vector>

#include "model/options.h"
#include "util/error.h"

namespace rqs::cli {

/// What the user asked the program to do.
struct Invocation {
    enum class Command { trace, demo, doctor, help, version };

    Command command = Command::trace;
    Options options;
    std::vector<std::string> warnings;  ///< one line each, for stderr
    std::string text;                   ///< help or version: what to print on stdout
};

/// Reads a command line, argv[0] included. Everything after the first `--` is the command to run
/// and is not looked at. Every error is a usage error.
Result<Invocation> parse(int argc, const char* const* argv);

/// The text of --help: at most 80 columns wide.
std::string help_text();

/// The text of --version, one line.
std::string version_text();

}  // namespace rqs::cli
