// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/wrapped.h"

#include <gtest/gtest.h>

#include <string>

namespace rqs::sinks {
namespace {

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
    std::string out(indent, '>');
    append_wrapped(out, text, width, indent);
    return out;
}

TEST(Wrapped, GoesOnBelow) {
    EXPECT_EQ(wrapped("one two three", 13, 2), ">>one two\n  three\n");
    EXPECT_EQ(wrapped("one two three", 15, 2), ">>one two three\n");
    EXPECT_EQ(wrapped("one two three", 0, 2), ">>one two three\n");
    EXPECT_EQ(wrapped("", 15, 2), ">>\n");
}

TEST(Wrapped, APerCentSignStaysWithItsNumber) {
    EXPECT_EQ(wrapped("about (75 %) more", 10, 0), "about\n(75 %)\nmore\n");
    EXPECT_EQ(wrapped("about 75 %", 10, 0), "about 75 %\n");
}

TEST(Wrapped, AWordThatFitsNowhereIsCut) {
    EXPECT_EQ(wrapped("a 0123456789abcdef b", 12, 2), ">>a\n  012345678~\n  b\n");
    EXPECT_EQ(wrapped("0123456789abcdef", 1, 0), "012345678~\n");
}

TEST(Wrapped, CountsColumnsAndNotBytes) {
    EXPECT_EQ(wrapped("\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xb6\xc3\xb6\xc3\xb6 \xc3\xbc\xc3\xbc", 10, 0),
              "\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xb6\xc3\xb6\xc3\xb6 \xc3\xbc\xc3\xbc\n");
}

}  // namespace
}  // namespace rqs::sinks
