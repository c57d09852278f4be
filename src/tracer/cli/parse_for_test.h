// SPDX-License-Identifier: BSD-2-Clause
// Command lines in tables, with what is to become of each.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "cli/parse.h"
#include "commands/table.h"

namespace rqs::cli {

using Args = std::vector<std::string>;

inline Result<Invocation> parse_args(const Args& args) {
    std::vector<const char*> argv{"runqslower"};
    for (const std::string& arg : args) {
        argv.push_back(arg.c_str());
    }
    return parse(static_cast<int>(argv.size()), argv.data(), command_table());
}

inline std::string joined(const Args& args) {
    std::string text;
    for (const std::string& arg : args) {
        text += "[" + arg + "]";
    }
    return text;
}

struct Good {
    Args args;
    std::function<bool(const TraceOptions&)> holds;
};

/// Each is understood so; a command that it names stands first.
inline void expect_taken(const std::vector<Good>& table) {
    for (const Good& row : table) {
        const auto result = parse_args(row.args);
        ASSERT_TRUE(result) << joined(row.args) << ": " << result.error().message;
        ASSERT_NE(result->command, nullptr) << joined(row.args);
        const std::string first = row.args.empty() ? "" : row.args.front();
        const bool named = first == "record" || first == "report";
        EXPECT_EQ(result->command->name, named ? first : "") << joined(row.args);
        EXPECT_TRUE(row.holds(result->trace)) << joined(row.args);
    }
}

struct Bad {
    Args args;
    std::string says;  ///< a part of the error line
};

/// Each is a usage error of one line that says so.
inline void expect_refused(const std::vector<Bad>& table) {
    for (const Bad& row : table) {
        const auto result = parse_args(row.args);
        ASSERT_FALSE(result) << joined(row.args);
        const Error& error = result.error();
        EXPECT_EQ(error.code, ExitCode::usage) << joined(row.args);
        EXPECT_NE(error.message.find(row.says), std::string::npos)
            << joined(row.args) << ": " << error.message;
        EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
        EXPECT_EQ(error.message.find('\x1b'), std::string::npos) << joined(row.args);
    }
}

}  // namespace rqs::cli
