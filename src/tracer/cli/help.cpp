// SPDX-License-Identifier: BSD-2-Clause
#include "cli/help.h"

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

#include "cli/table.h"

#ifndef RQS_VERSION
#define RQS_VERSION "unversioned"  // the build defines it
#endif

namespace rqs::cli {
namespace {

/// The left column of one option.
std::string signature(const OptionRow& row) {
    std::string text = (row.short_name != 0 ? fmt::format("  -{}, ", row.short_name) : "      ") +
                       row.display_name();
    switch (row.value) {
        case Value::required:
            return fmt::format("{} {}", text, row.metavar);
        case Value::optional:
            return fmt::format("{}[={}]", text, row.metavar);
        case Value::none:
            break;
    }
    return text;
}

/// One entry: `left`, then `help` in a column of its own.
void append_entry(std::string& out, std::string_view left, std::string_view help) {
    constexpr std::size_t column = 26;
    out += fmt::format("{:<{}}", left, column);
    for (std::size_t newline = 0; (newline = help.find('\n')) != std::string_view::npos;) {
        out += fmt::format("{}\n{:{}}", help.substr(0, newline), "", column);
        help.remove_prefix(newline + 1);
    }
    out += fmt::format("{}\n", help);
}

void append_usage_line(std::string& out, const Command& command) {
    out += out.empty() ? "Usage: " : "       ";
    out += command.full_name();
    out += command.usage.empty() ? "" : " ";
    out += command.usage;
    out += '\n';
}

void append_options(std::string& out, const Command& command) {
    for (const Group group : command.groups) {
        out += fmt::format("\n{}:\n", heading(group));
        for (const OptionRow& row : option_table()) {
            if (row.group == group && !row.hidden()) {
                append_entry(out, signature(row), row.help);
            }
        }
    }
}

void append_list(std::string& out, const Commands& commands) {
    out += "\nCommands:\n";
    for (const Command& command : commands) {
        if (!command.name.empty()) {
            append_entry(out, fmt::format("  {}", command.name), command.help);
        }
    }
}

}  // namespace

std::string version_text() {
    return "runqslower " RQS_VERSION "\n";
}

std::string help_text(const Command& command, const Commands& commands) {
    std::string out;
    append_usage_line(out, command);
    if (command.name.empty()) {
        for (const Command& other : commands) {
            if (!other.name.empty()) {
                append_usage_line(out, other);
            }
        }
    }
    out += fmt::format("\n{}", command.description);
    if (command.name.empty()) {
        append_list(out, commands);
    }
    append_options(out, command);
    if (!command.notes.empty()) {
        out += fmt::format("\n{}", command.notes);
    }
    return out;
}

}  // namespace rqs::cli
