// SPDX-License-Identifier: BSD-2-Clause
#include "util/text.h"

#include <gtest/gtest.h>

namespace rqs::util {
namespace {

TEST(Trim, TakesBlanksFromBothEndsAlone) {
    EXPECT_EQ(trim("word"), "word");
    EXPECT_EQ(trim(" \t\r\n\v\ftwo  words\n "), "two  words");
    EXPECT_EQ(trim("left "), "left");
    EXPECT_EQ(trim(" right"), "right");
}

TEST(Trim, BlanksAloneLeaveNothing) {
    EXPECT_EQ(trim(""), "");
    EXPECT_EQ(trim(" \n\t"), "");
}

TEST(Trim, TakesOnlyTheBlanksGiven) {
    EXPECT_EQ(trim(" \tvalue\r", " \t"), "value\r");
    EXPECT_EQ(trim("\n", " \t"), "\n");
}

TEST(InQuotes, IsPrintable) {
    EXPECT_EQ(in_quotes("word"), "'word'");
    EXPECT_EQ(in_quotes("a b"), "'a b'");
    EXPECT_EQ(in_quotes("\x1b[31m"), "'\\x1b[31m'");
}

TEST(InQuotes, NamesAnEmptyWord) {
    EXPECT_EQ(in_quotes(""), "an empty word");
}

TEST(IsBelow, WholeNamesOnly) {
    EXPECT_TRUE(is_below("/a", "/a"));
    EXPECT_TRUE(is_below("/a/b", "/a"));
    EXPECT_TRUE(is_below("/a/b", "/a/"));
    EXPECT_TRUE(is_below("/a", "/"));
    EXPECT_TRUE(is_below("/", "/"));
    EXPECT_FALSE(is_below("/ab", "/a"));
    EXPECT_FALSE(is_below("/", "/a"));
    EXPECT_FALSE(is_below("/b/a", "/a"));
}

}  // namespace
}  // namespace rqs::util
