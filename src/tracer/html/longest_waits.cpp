// SPDX-License-Identifier: BSD-2-Clause
#include "html/longest_waits.h"

#include <algorithm>
#include <tuple>

namespace rqs::html {
namespace {

auto order(const Wait& wait) {
    return std::make_tuple(~wait.wait_ns, wait.ts_ns, wait.cpu, wait.task.tid);
}

}  // namespace

void LongestWaits::add(const TimeGrid& grid, const Wait& wait) {
    worst_.add(wait, 0);
    Wait& longest = bins_[grid.bin(wait.ts_ns) / joined];
    if (wait.wait_ns > longest.wait_ns) {
        longest = wait;
    }
}

void LongestWaits::fold() {
    html::fold(bins_, [](Wait& into, Wait& from) {
        if (from.wait_ns > into.wait_ns) {
            into = std::move(from);
        }
    });
}

std::vector<Wait> LongestWaits::waits() const {
    std::vector<Wait> all;
    for (const WorstWait& each : worst_.waits()) {
        all.push_back(each.wait);
    }
    for (const Wait& each : bins_) {
        if (each.wait_ns > 0) {
            all.push_back(each);
        }
    }
    std::sort(all.begin(), all.end(),
              [](const Wait& a, const Wait& b) { return order(a) < order(b); });
    const auto same = std::unique(
        all.begin(), all.end(), [](const Wait& a, const Wait& b) { return order(a) == order(b); });
    all.erase(same, all.end());
    return all;
}

}  // namespace rqs::html
