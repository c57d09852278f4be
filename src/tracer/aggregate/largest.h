// SPDX-License-Identifier: BSD-2-Clause
// The heaviest entries of a map of sums.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace rqs {

/// The `wanted` entries with most `second.ns` for which `fits(second)`; ties by key, so that
/// output is stable.
template <typename Map, typename Fits>
std::vector<typename Map::const_pointer> largest(const Map& map, std::size_t wanted, Fits fits) {
    std::vector<typename Map::const_pointer> entries;
    entries.reserve(map.size());
    for (const auto& entry : map) {
        if (fits(entry.second)) {
            entries.push_back(&entry);
        }
    }
    const auto middle =
        entries.begin() + static_cast<std::ptrdiff_t>(std::min(wanted, entries.size()));
    std::partial_sort(entries.begin(), middle, entries.end(), [](const auto* a, const auto* b) {
        return a->second.ns != b->second.ns ? a->second.ns > b->second.ns : a->first < b->first;
    });
    entries.erase(middle, entries.end());
    return entries;
}

template <typename Map>
std::vector<typename Map::const_pointer> largest(const Map& map, std::size_t wanted) {
    return largest(map, wanted, [](const auto&) { return true; });
}

}  // namespace rqs
