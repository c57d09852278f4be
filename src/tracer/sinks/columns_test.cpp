// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/columns.h"

#include <gtest/gtest.h>

#include <string>

namespace rqs::sinks {
namespace {

TEST(Columns, CountsWhatATerminalShows) {
    EXPECT_EQ(display_columns(""), 0U);
    EXPECT_EQ(display_columns("web"), 3U);
    EXPECT_EQ(display_columns("gr\xc3\xbc\xc3\x9f"), 4U);
    EXPECT_EQ(display_columns("\xe6\x97\xa5\xe6\x9c\xac"), 4U);
    EXPECT_EQ(display_columns("\xf0\x9f\x90\x8c"), 2U);
    EXPECT_EQ(display_columns("e\xcc\x81"), 1U);
}

TEST(Columns, FillsAndCutsToTheWidth) {
    const auto left = [](std::string_view text, std::size_t width, bool keep_end) {
        std::string out;
        append_left(out, text, width, keep_end);
        return out;
    };
    EXPECT_EQ(left("web", 5, false), "web  ");
    EXPECT_EQ(left("webserver", 5, false), "webs~");
    EXPECT_EQ(left("/system/web", 5, true), "~/web");
    // A wide character is never cut in two: a space stands in for its half.
    EXPECT_EQ(left("\xe6\x97\xa5\xe6\x9c\xac", 3, false), "\xe6\x97\xa5~");
    EXPECT_EQ(left("\xe6\x97\xa5\xe6\x9c\xac\xe6\x9c\xac", 4, false), "\xe6\x97\xa5~ ");
    std::string right;
    append_right(right, "web", 5);
    EXPECT_EQ(right, "  web");
}

}  // namespace
}  // namespace rqs::sinks
