// SPDX-License-Identifier: BSD-2-Clause
// The program under test as a user runs it: words in, bytes and exit codes out.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "harness/program.h"

namespace rqs::clitest {

using Args = std::vector<std::string>;
using harness::Outcome;
using harness::Setting;

constexpr int usage = 2;

inline std::string binary() {
    const char* given = std::getenv("RQS_BIN");
    return given != nullptr ? given : RQS_BIN;
}

inline std::string joined(const Args& args) {
    std::string text;
    for (const std::string& arg : args) {
        text += " [" + arg + "]";
    }
    return text;
}

/// The program while it runs, with its output collected.
class Program : public harness::Program {
  public:
    explicit Program(const Args& args, const Setting& setting = {})
        : harness::Program(command(args), setting) {}

  private:
    static Args command(const Args& args) {
        Args words{binary()};
        words.insert(words.end(), args.begin(), args.end());
        return words;
    }
};

inline Outcome run(const Args& args, const Setting& setting = {}) {
    Program program(args, setting);
    return harness::outcome_of(program);
}

inline std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// How often `part` stands in `text`.
inline std::size_t times(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) {
        ++count;
    }
    return count;
}

/// Every line of stdout as JSON; a line that is not fails the test.
inline std::vector<nlohmann::json> json_lines(const std::string& text) {
    std::vector<nlohmann::json> objects;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        auto object = nlohmann::json::parse(line, nullptr, false);
        EXPECT_TRUE(object.is_object()) << line;
        objects.push_back(std::move(object));
    }
    return objects;
}

/// A command line that is refused.
struct Wrong {
    Args args;
    std::string says;  ///< a part of the error line
};

/// Each ends with `code` and one line on stderr that says why.
inline void expect_refused(const std::vector<Wrong>& table, int code) {
    for (const Wrong& row : table) {
        const Outcome outcome = run(row.args);
        EXPECT_EQ(outcome.code, code) << joined(row.args) << ": " << outcome.err;
        EXPECT_EQ(outcome.out, "") << joined(row.args);
        EXPECT_EQ(lines(outcome.err), 1U) << joined(row.args) << ": " << outcome.err;
        EXPECT_EQ(outcome.err.rfind("runqslower: ", 0), 0U) << outcome.err;
        EXPECT_TRUE(contains(outcome.err, row.says)) << joined(row.args) << ": " << outcome.err;
        EXPECT_FALSE(contains(outcome.err, "\x1b")) << joined(row.args);
    }
}

}  // namespace rqs::clitest
