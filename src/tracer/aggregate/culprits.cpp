// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/culprits.h"

#include <algorithm>
#include <utility>

#include "aggregate/largest.h"

namespace rqs {

Culprits::Culprits(const CulpritOptions& options) : options_(options) {
    // With less than two, half of them would be none.
    options_.max_culprits = std::max<std::size_t>(options_.max_culprits, 2);
}

void Culprits::clear() {
    *this = Culprits(options_);
}

void Culprits::add(const Ran& run, const Covering& covering) {
    std::uint64_t waits = 0;
    for (const std::uint32_t of_slot : covering) {
        waits += of_slot;
    }
    if (waits == 0 || run.ran_ns == 0 || run.task.tid == 0) {
        return;
    }
    const CulpritSum& sum = sum_of(run, waits * run.ran_ns);
    if (sum.column < culprit_columns) {
        Cells& cells = cells_.at(sum.column);
        for (std::size_t slot = 0; slot < victim_slots; ++slot) {
            cells[slot] += covering[slot] * run.ran_ns;
        }
    }
}

void Culprits::add(const Ran& run, std::size_t slot, std::uint64_t ns) {
    if (ns == 0 || run.task.tid == 0) {
        return;
    }
    const CulpritSum& sum = sum_of(run, ns);
    if (sum.column < culprit_columns) {
        cells_.at(sum.column).at(slot) += ns;
    }
}

void Culprits::release(std::size_t slot) {
    for (Cells& cells : cells_) {
        cells.at(loose_slot) += std::exchange(cells.at(slot), 0);
    }
}

CulpritSum& Culprits::sum_of(const Ran& run, std::uint64_t ns) {
    const GroupKey key = key_of(options_.by, run);
    auto found = sums_.find(key);
    if (found == sums_.end()) {
        if (sums_.size() >= options_.max_culprits) {
            fold();
        }
        found = sums_.try_emplace(key).first;
    }
    CulpritSum& sum = found->second;
    sum.ns += ns;
    sum.label.see(key, run.task, options_.names);
    if (sum.column == culprit_columns) {
        give_column(key, sum);
    } else {
        places_.grow(sum.column, ns);
    }
    return sum;
}

void Culprits::give_column(const GroupKey& key, CulpritSum& sum) {
    const std::size_t place = places_.offer(sum.ns);
    if (place == culprit_columns) {
        return;
    }
    if (places_.held(place)) {
        sums_.at(places_.holder(place)).column = culprit_columns;
    }
    cells_.at(place).fill(0);
    places_.take(place, key, sum.ns);
    sum.column = place;
}

void Culprits::fold() {
    Map next;
    next.reserve(options_.max_culprits);
    for (const auto* entry : largest(sums_, options_.max_culprits / 2)) {
        next.insert(*entry);
    }
    for (const auto& [key, sum] : sums_) {
        if (sum.column < culprit_columns && !next.contains(key)) {
            places_.free(sum.column);
        }
    }
    folded_ += sums_.size() - next.size();
    sums_ = std::move(next);
}

}  // namespace rqs
