// SPDX-License-Identifier: BSD-2-Clause
#include "sources/told.h"

namespace rqs {

bool Told::is_due(std::uint64_t id, std::uint64_t now_ns) {
    Recent& place = recent(id);
    if (place.id == id && now_ns - place.told_ns < again_ns) {
        return false;
    }
    if (when_.size() >= most) {
        when_.clear();
    }
    const auto [entry, first] = when_.try_emplace(id, now_ns);
    const bool due = first || now_ns - entry->second >= again_ns;
    if (due) {
        entry->second = now_ns;
    }
    place = {id, entry->second};
    return due;
}

void Told::forget(std::uint64_t id) {
    when_.erase(id);
    recent(id) = {};
}

}  // namespace rqs
