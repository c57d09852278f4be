// SPDX-License-Identifier: BSD-2-Clause
#include "cli/help.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "cli/table.h"
#include "commands/demo.h"
#include "commands/table.h"

namespace rqs::cli {
namespace {

std::string man_page() {
    std::ifstream file(RQS_MAN_PAGE);
    std::ostringstream text;
    text << file.rdbuf();
    EXPECT_FALSE(text.str().empty()) << RQS_MAN_PAGE;
    return text.str();
}

std::string help_of(std::string_view name) {
    for (const Command& command : command_table()) {
        if (command.name == name) {
            return help_text(command, command_table());
        }
    }
    ADD_FAILURE() << "no command " << name;
    return "";
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// How the option begins its line in --help: `--pid PID`, `--why[=N]`, `--stuck` alone.
std::string in_help(const OptionRow& row) {
    const std::string value = row.value == Value::required   ? fmt::format(" {} ", row.metavar)
                              : row.value == Value::optional ? fmt::format("[={}]", row.metavar)
                                                             : " ";
    return row.display_name() + value;
}

/// And in the man page: `.It Fl p , -pid Ar PID`.
std::string in_man_page(const OptionRow& row) {
    std::string line = ".It Fl ";
    line += row.short_name != 0 ? fmt::format("{} , -", row.short_name) : "-";
    line += row.long_name;
    line += row.value == Value::required   ? fmt::format(" Ar {}\n", row.metavar)
            : row.value == Value::optional ? fmt::format(" Ns Op = Ns Ar {}\n", row.metavar)
                                           : "\n";
    return line;
}

TEST(Help, FitsATerminal) {
    for (const Command& command : command_table()) {
        std::istringstream lines(help_text(command, command_table()));
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(line.size(), 80U) << line;
        }
    }
}

TEST(Help, NamesEveryOptionThatIsNotHidden) {
    std::string text;
    for (const Command& command : command_table()) {
        text += help_of(command.name);
    }
    for (const OptionRow& row : option_table()) {
        EXPECT_EQ(contains(text, in_help(row)), !row.hidden()) << row.long_name;
    }
    EXPECT_FALSE(contains(text, "synthetic"));
}

TEST(Help, OfACommandNamesOnlyWhatItTakes) {
    for (const Command& command : command_table()) {
        const std::string text = help_text(command, command_table());
        EXPECT_EQ(text.rfind("Usage: " + command.full_name(), 0), 0U) << text;
        for (const OptionRow& row : option_table()) {
            EXPECT_EQ(contains(text, "  " + in_help(row)) || contains(text, ", " + in_help(row)),
                      !row.hidden() && command.takes(row.group))
                << command.name << " " << row.long_name;
        }
    }
    EXPECT_TRUE(contains(help_of("demo"), fmt::format("{:g} seconds", demo_duration_s)));
}

TEST(Help, StatesTheDefaults) {
    const std::string text = help_of("");
    for (const std::string& part :
         {fmt::format("default {};", SourceOptions{}.min_us),
          fmt::format("(default {})", SourceOptions{}.history), std::string("process (default)"),
          std::string("text (default)"), std::string("auto (default)")}) {
        EXPECT_TRUE(contains(text, part)) << part;
    }
}

TEST(ManPage, NamesEveryOptionThatIsNotHidden) {
    const std::string text = man_page();
    for (const OptionRow& row : option_table()) {
        EXPECT_EQ(contains(text, in_man_page(row)), !row.hidden()) << in_man_page(row);
    }
    EXPECT_FALSE(contains(text, "synthetic"));
}

TEST(ManPage, NamesEveryCommand) {
    const std::string text = man_page();
    for (const Command& command : command_table()) {
        EXPECT_TRUE(command.name.empty() ||
                    contains(text, fmt::format(".It Cm {}\n", command.name)))
            << command.name;
    }
    EXPECT_TRUE(contains(text, fmt::format("default {};", SourceOptions{}.min_us)));
    EXPECT_TRUE(contains(text, fmt::format("(default {})", SourceOptions{}.history)));
    EXPECT_TRUE(contains(text, fmt::format("{:g} seconds", demo_duration_s)));
}

}  // namespace
}  // namespace rqs::cli
