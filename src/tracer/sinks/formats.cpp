// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/formats.h"

#include <array>

namespace rqs {
namespace sinks {

// Each in the file of its name.
std::unique_ptr<Sink> make_text_sink(const SinkSetup& setup);
std::unique_ptr<Sink> make_json_sink(const SinkSetup& setup);
std::unique_ptr<Sink> make_csv_sink(const SinkSetup& setup);
std::unique_ptr<Sink> make_folded_sink(const SinkSetup& setup);
Needs text_needs(const ViewOptions& view);
Needs json_needs(const ViewOptions& view);
Needs csv_needs(const ViewOptions& view);
Needs folded_needs(const ViewOptions& view);

}  // namespace sinks

namespace {

// In the order of Format.
constexpr std::array table{
    FormatRow{"text", "lines for a person, as runqslower has always printed them",
              sinks::make_text_sink, sinks::text_needs},
    FormatRow{"json", "one object a line, with everything that is known", sinks::make_json_sink,
              sinks::json_needs},
    FormatRow{"csv", "one rectangle with a heading (RFC 4180)", sinks::make_csv_sink,
              sinks::csv_needs},
    FormatRow{"folded", "stacks for flame graphs: who waited, why, who had the CPU",
              sinks::make_folded_sink, sinks::folded_needs},
};
static_assert(table[static_cast<std::size_t>(Format::text)].name == "text");
static_assert(table[static_cast<std::size_t>(Format::json)].name == "json");
static_assert(table[static_cast<std::size_t>(Format::csv)].name == "csv");

const FormatRow& row_of(const ViewOptions& view) {
    return table.at(static_cast<std::size_t>(view.format));
}

}  // namespace

std::span<const FormatRow> format_table() {
    return table;
}

std::vector<std::string_view> format_names() {
    std::vector<std::string_view> names;
    names.reserve(table.size());
    for (const FormatRow& row : table) {
        names.push_back(row.name);
    }
    return names;
}

std::optional<Format> format_named(std::string_view name) {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table.at(i).name == name) {
            return static_cast<Format>(i);
        }
    }
    return std::nullopt;
}

std::unique_ptr<Sink> make_sink(const SinkSetup& setup) {
    return row_of(setup.view).make(setup);
}

Needs sink_needs(const ViewOptions& view) {
    return row_of(view).needs(view);
}

}  // namespace rqs
