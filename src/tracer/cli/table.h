// SPDX-License-Identifier: BSD-2-Clause
// Every option and every sub-command, one row each. A new one is a new row and nothing else.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cli/parse.h"

namespace rqs::cli {

/// The heading in --help under which an option stands; `hidden` stands under none.
enum class Group { tasks, output, run, tuning, other, hidden };

/// One option with what it does to the invocation.
struct OptionRow {
    char short_name = 0;         ///< 0: has none
    std::string_view long_name;  ///< without dashes; empty: has none
    std::string_view metavar;    ///< what its value is called; empty: takes none
    Group group = Group::other;
    std::string_view help;  ///< lines end in '\n', but for the last
    /// `what` is the option's name for error lines. Called once per use, in order.
    Status (*apply)(Invocation& out, std::string_view what, const std::string& value) = nullptr;

    [[nodiscard]] bool takes_value() const { return !metavar.empty(); }
    /// `--pid`, or `-V` where there is no long name.
    [[nodiscard]] std::string display_name() const;
};

/// One word that may stand first among the operands.
struct CommandRow {
    std::string_view name;
    Invocation::Command command;
    std::string_view help;
    bool takes_options = false;  ///< tracing options and min_us
};

const std::vector<OptionRow>& option_table();
const std::vector<CommandRow>& command_table();

/// The heading of a group in --help.
std::string_view heading(Group group);

}  // namespace rqs::cli
