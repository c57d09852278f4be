// SPDX-License-Identifier: BSD-2-Clause
// The columns are documented as they are.
#include "sinks/column_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace rqs::sinks {
namespace {

std::string documentation() {
    std::ifstream file(std::string(RQS_GOLDEN_DIR) + "/../../docs/OUTPUT_SCHEMA.md");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

template <typename Columns>
std::string heading(const Columns& columns) {
    std::string out;
    Line line(out);
    columns.heading(line);
    line.finish();
    out.resize(out.find_last_not_of("\r\n ") + 1);
    return out;
}

/// Indented as a line of its own.
bool documented(const std::string& line) {
    return documentation().find("\n    " + line + "\n") != std::string::npos;
}

TEST(ColumnTable, CsvHeadingsAreDocumented) {
    ViewOptions view;
    const std::string waits = heading(CsvColumns(wait_columns(), view));
    EXPECT_TRUE(documented(waits)) << waits;
    const std::string intervals = heading(CsvColumns(interval_columns(), view));
    EXPECT_TRUE(documented(intervals)) << intervals;
    view.waker = true;
    const std::string wakers = heading(CsvColumns(wait_columns(), view)).substr(waits.size());
    EXPECT_TRUE(documented(wakers)) << wakers;
}

TEST(ColumnTable, TextHeadingsAreDocumented) {
    for (const bool wide : {false, true}) {
        for (const bool previous : {false, true}) {
            ViewOptions view;
            view.wide = wide;
            view.previous = previous;
            const std::string waits = heading(TextColumns(wait_columns(), view));
            EXPECT_TRUE(wide != previous || documented(waits)) << waits;
            const std::string intervals = heading(TextColumns(interval_columns(), view));
            EXPECT_TRUE(documented(intervals)) << intervals;
        }
    }
}

// What scripts take apart: not to be changed.
TEST(ColumnTable, TextWithoutOptionsIsDropIn) {
    EXPECT_EQ(heading(TextColumns(wait_columns(), {})),
              "TIME     COMM             TID           LAT(us)");
    ViewOptions view;
    view.previous = true;
    EXPECT_EQ(heading(TextColumns(wait_columns(), view)),
              "TIME     COMM             TID           LAT(us) PREV COMM        PREV TID");
}

TEST(ColumnTable, NoTwoColumnsShareANameOrAPlace) {
    std::set<std::string_view> names;
    for (const auto& column : wait_columns()) {
        EXPECT_TRUE(column.csv.name.empty() || names.insert(column.csv.name).second)
            << column.csv.name;
    }
    ViewOptions view;
    view.wide = view.previous = true;
    std::set<std::size_t> places;
    for (const auto& column : wait_columns()) {
        if (!column.text.heading.empty() &&
            (column.text.shown == nullptr || column.text.shown(view))) {
            EXPECT_TRUE(places.insert(column.text.place).second) << column.text.heading;
        }
    }
}

}  // namespace
}  // namespace rqs::sinks
