// SPDX-License-Identifier: BSD-2-Clause
#include "commands/fallback.h"

#include <gtest/gtest.h>

#include <string>

namespace rqs {
namespace {

bool falls_back(const ViewOptions& view, bool terminal) {
    return may_fall_back(view, terminal, Error{"no privileges"}).has_value();
}

TEST(Fallback, TextOnlyWhereAPersonSeesTheHeading) {
    ViewOptions view;
    EXPECT_TRUE(falls_back(view, true));
    EXPECT_FALSE(falls_back(view, false));
    view.output_path = "waits.txt";
    EXPECT_FALSE(falls_back(view, true));
    view.quiet = true;
    EXPECT_TRUE(falls_back(view, false));
}

TEST(Fallback, NamedColumnsAlways) {
    ViewOptions view;
    for (const Format format : {Format::json, Format::csv}) {
        view.format = format;
        EXPECT_TRUE(falls_back(view, false));
    }
}

TEST(Fallback, TellsWhatWasInTheWayAndWhatHelps) {
    const auto status = may_fall_back({}, false, Error{"no privileges"});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ExitCode::failure);
    EXPECT_EQ(status.error().message.rfind("no privileges. ", 0), 0U);
    EXPECT_NE(status.error().message.find("--source schedstat"), std::string::npos);
}

}  // namespace
}  // namespace rqs
