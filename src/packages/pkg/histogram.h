// SPDX-License-Identifier: BSD-2-Clause
// Histograms as people who know the BPF tools expect to see them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rqs::pkg {

/// Slot i counts values from 2^i to 2^(i+1)-1 (slot 0: 0 and 1). Trailing empty slots are left
/// out; nothing is appended when all are empty. `unit` heads the range column.
void append_log2_histogram(std::string& out, const std::vector<std::uint64_t>& slots,
                           std::string_view unit);

/// Slot i counts the value i.
void append_linear_histogram(std::string& out, const std::vector<std::uint64_t>& slots,
                             std::string_view unit);

}  // namespace rqs::pkg
