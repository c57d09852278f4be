// SPDX-License-Identifier: BSD-2-Clause
// The formats that there are: one file and one row in formats.cpp each.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sinks/sink.h"

namespace rqs {

struct FormatRow {
    std::string_view name;  ///< on the command line
    std::string_view help;
    std::unique_ptr<Sink> (*make)(const SinkSetup& setup);
    Needs (*needs)(const ViewOptions& view);
};

/// All of them. A row's place is its `Format`, which needs an enumerator only where other code
/// names that format.
std::span<const FormatRow> format_table();

/// What `-f` offers.
std::vector<std::string_view> format_names();
/// Nothing where there is no such format.
std::optional<Format> format_named(std::string_view name);

}  // namespace rqs
