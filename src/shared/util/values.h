// SPDX-License-Identifier: BSD-2-Clause
// Words of a command line, or of the kernel's files, as values. Strict: a word that is not wholly a
// value is an error, never a guess.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "util/error.h"

namespace rqs::util {

/// A closed range of what a number may be.
struct Range {
    std::uint64_t min = 0;
    std::uint64_t max = UINT64_MAX;
};

/// The highest CPU number that any kernel can be built for, less one (CONFIG_NR_CPUS).
inline constexpr std::uint64_t max_cpu = 8191;

/// At least one, and all of them 0 to 9.
bool all_digits(std::string_view text);

/// Decimal digits and nothing else, within `range`. `what` is the option's name for the error line.
Result<std::uint64_t> parse_number(std::string_view text, std::string_view what, Range range = {});

/// Seconds as `10` or `0.5`: above 0, at most a billion.
Result<double> parse_seconds(std::string_view text, std::string_view what);

/// Bytes as `65536`, `512k`, `4M` or `1g` (of 1024), a power of two within `range`.
Result<std::uint64_t> parse_size(std::string_view text, std::string_view what, Range range);

/// The same of any size.
Result<std::uint64_t> parse_bytes(std::string_view text, std::string_view what, Range range);

/// CPU numbers as `0,2-5`: sorted, each once.
Result<std::vector<std::uint32_t>> parse_cpu_list(std::string_view text, std::string_view what);

}  // namespace rqs::util
