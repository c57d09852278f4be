// SPDX-License-Identifier: BSD-2-Clause
// Figures as a person says them: rounded, for an eye and not for arithmetic.
#pragma once

#include <cstdint>
#include <string>

#include "sinks/line.h"

namespace rqs::sinks {

/// For columns, with as many digits as a table has room for.
inline double in_ms(std::uint64_t ns) {
    return static_cast<double>(ns) / 1e6;
}
/// 0 of nothing.
inline double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

/// 640 ns, 64 us, 12.1 ms, 12.3 s.
void put_duration(Line& line, std::uint64_t ns);
std::string duration_words(std::uint64_t ns);
/// The same of a sum, which is compared with seconds: 8.1 s, not 8123.4 ms.
std::string total_words(std::uint64_t ns);

/// Whole per cents without their sign, but never 0 for something nor 100 for less than all.
std::string rough_percent(std::uint64_t part, std::uint64_t whole);

}  // namespace rqs::sinks
