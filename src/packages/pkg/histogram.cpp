// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/histogram.h"

#include <fmt/format.h>

#include <algorithm>

#include "util/safe_text.h"

namespace rqs::pkg {
namespace {

constexpr std::size_t bar_width = 40;
constexpr std::size_t narrow_slots = 33;  ///< up to 2^33, the usual widths hold

std::size_t used_slots(const std::vector<std::uint64_t>& slots) {
    std::size_t used = slots.size();
    while (used > 0 && slots[used - 1] == 0) {
        --used;
    }
    return used;
}

void append_bar(std::string& out, std::uint64_t count, std::uint64_t most, std::size_t width) {
    const auto share = static_cast<double>(count) / static_cast<double>(most);
    const auto stars = static_cast<std::size_t>(share * static_cast<double>(width));
    out += '|';
    out.append(stars, '*');
    out.append(width - stars, ' ');
    out += "|\n";
}

}  // namespace

// The layout is that of print_log2_hist() in libbpf-tools, to the blank, so that scripts which read
// the one read the other. Slot 0 is for 0 and 1, whose log2l() is 0 alike.
void append_log2_histogram(std::string& out, const std::vector<std::uint64_t>& slots,
                           std::string_view unit) {
    const std::size_t used = std::min<std::size_t>(used_slots(slots), 64);
    if (used == 0) {
        return;
    }
    const bool wide = used > narrow_slots;
    const std::size_t width = wide ? 20 : 10;
    fmt::format_to(std::back_inserter(out), "{:{}}{:<{}} : count    distribution\n", "",
                   wide ? 15 : 5, util::printable(unit), wide ? 29 : 19);
    const std::uint64_t most = *std::max_element(slots.begin(), slots.end());
    for (std::size_t i = 0; i < used; ++i) {
        const std::uint64_t low = i == 0 ? 0 : std::uint64_t{1} << i;
        const std::uint64_t high = i == 63 ? UINT64_MAX : (std::uint64_t{2} << i) - 1;
        fmt::format_to(std::back_inserter(out), "{:>{}} -> {:<{}} : {:<8} ", low, width, high,
                       width, slots[i]);
        append_bar(out, slots[i], most, wide ? bar_width / 2 : bar_width);
    }
}

void append_linear_histogram(std::string& out, const std::vector<std::uint64_t>& slots,
                             std::string_view unit) {
    const std::size_t used = used_slots(slots);
    if (used == 0) {
        return;
    }
    fmt::format_to(std::back_inserter(out), "     {:<13} : count     distribution\n",
                   util::printable(unit));
    const std::uint64_t most = *std::max_element(slots.begin(), slots.end());
    for (std::size_t i = 0; i < used; ++i) {
        fmt::format_to(std::back_inserter(out), "        {:<10} : {:<8} ", i, slots[i]);
        append_bar(out, slots[i], most, bar_width);
    }
}

}  // namespace rqs::pkg
