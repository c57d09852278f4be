// SPDX-License-Identifier: BSD-2-Clause
// Every option, one row each. A new one is a new row here and its description in the man page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "util/error.h"

namespace rqs::cli {

/// `optional`: only as `--name=VALUE`, for otherwise the next word would be taken for it.
enum class Value { none, required, optional };

/// What an option asks for in place of running a command.
enum class Answer { none, help, version };

/// One option and what it does to the invocation.
struct OptionRow {
    char short_name = 0;         ///< 0: has none
    std::string_view long_name;  ///< without dashes; every option has one
    std::string_view metavar;    ///< what its value is called; empty: takes none
    Group group = Group::other;
    std::string_view help;  ///< lines end in '\n', but for the last; empty: hidden
    /// `what` is the option's name for error lines; `value` is empty where there is none. Called
    /// once per use, in order. Nothing where the row has an answer.
    Status (*apply)(Invocation& out, std::string_view what, const std::string& value) = nullptr;
    Value value = metavar.empty() ? Value::none : Value::required;
    Answer answer = Answer::none;

    /// In no help, and not abbreviated.
    [[nodiscard]] bool hidden() const { return help.empty(); }
    /// `--pid`
    [[nodiscard]] std::string display_name() const { return "--" + std::string(long_name); }
};

const std::vector<OptionRow>& option_table();

/// The heading of a group in --help.
std::string_view heading(Group group);

}  // namespace rqs::cli
