// SPDX-License-Identifier: BSD-2-Clause
// Cells of the tables of figures; a dash stands for what was not measured.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>

#include "bench/figures.h"

namespace rqs::bench {

constexpr double mib = 1 << 20;

/// A series' median with `digits` decimals.
inline std::string cell(const Series& series, int digits, double divisor = 1) {
    return series.empty() ? "–" : fmt::format("{:.{}f}", series.median() / divisor, digits);
}

inline std::string count(const std::optional<std::uint64_t>& number) {
    return number ? fmt::format("{}", *number) : "–";
}

}  // namespace rqs::bench
