// SPDX-License-Identifier: BSD-2-Clause
// A sub-command as a row of a table, and what a command line says to it. The table itself is
// commands/table.cpp: this folder calls no command and knows none by name.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/options.h"
#include "util/error.h"

namespace rqs::cli {

/// What options are about. Each has its heading in --help; a command takes whole groups.
enum class Group { tasks, output, target, sensing, beside, keep, replay, run, tuning, other };

struct Command;

/// What the user asked the program to do.
struct Invocation {
    const Command* command = nullptr;  ///< nothing: print `text` on stdout and end
    TraceOptions trace;
    std::vector<std::string> warnings;  ///< one line each, for stderr
    std::string text;                   ///< --help or --version
};

/// One row. The row without a name is what runs where no other is named.
struct Command {
    std::string_view name;
    std::string_view help;         ///< one line, for the list of commands
    std::string_view usage;        ///< what may follow the name
    std::string_view description;  ///< of its own --help: whole lines, at most 80 columns
    std::string_view notes;        ///< the same, for behind the options
    std::vector<Group> groups;     ///< options that mean something to it
    bool takes_min_us = false;
    bool takes_files = false;              ///< recordings; a whole number among them is min_us
    std::uint64_t default_min_us = 10000;  ///< where none is given
    bool takes_command = false;            ///< `-- command args...`
    /// Returns the exit code.
    Result<int> (*run)(const Invocation& invocation) = nullptr;

    [[nodiscard]] bool takes(Group group) const {
        return std::find(groups.begin(), groups.end(), group) != groups.end();
    }
    /// `runqslower`, or `runqslower doctor`.
    [[nodiscard]] std::string full_name() const {
        return name.empty() ? "runqslower" : "runqslower " + std::string(name);
    }
};

using Commands = std::vector<Command>;

}  // namespace rqs::cli
