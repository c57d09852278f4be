// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/idle_victims.h"

#include <algorithm>
#include <utility>

#include "aggregate/largest.h"

namespace rqs {

// A CPU without a counter takes the smallest one over, with its count.
void MostNamed::add(std::uint32_t cpu, std::uint64_t ns) {
    if (Counter& first = counters_.front(); first.cpu == cpu) {
        first.ns += ns;
        return;
    }
    auto* const least =
        std::min_element(counters_.begin(), counters_.end(), [&](const auto& a, const auto& b) {
            const bool a_is = a.cpu == cpu && a.ns > 0;
            const bool b_is = b.cpu == cpu && b.ns > 0;
            return a_is != b_is ? a_is : a.ns < b.ns;
        });
    least->cpu = cpu;
    least->ns += ns;
}

std::uint32_t MostNamed::cpu() const {
    return std::max_element(counters_.begin(), counters_.end(),
                            [](const auto& a, const auto& b) { return a.ns < b.ns; })
        ->cpu;
}

// With less than two, half of them would be none.
IdleVictims::IdleVictims(std::size_t most) : most_(std::max<std::size_t>(most, 2)) {}

void IdleVictims::add(const GroupKey& key, const TaskId& task, const KnownNames* names,
                      std::uint64_t ns, std::uint32_t idle_cpu) {
    auto found = sums_.find(key);
    if (found == sums_.end()) {
        if (sums_.size() >= most_) {
            fold();
        }
        found = sums_.try_emplace(key).first;
    }
    Sum& sum = found->second;
    sum.label.see(key, task, names);
    ++sum.waits;
    sum.ns += ns;
    sum.idle.add(idle_cpu, ns);
}

void IdleVictims::fold() {
    decltype(sums_) next;
    next.reserve(most_);
    for (const auto* entry : largest(sums_, most_ / 2)) {
        next.insert(*entry);
    }
    for (const auto& [key, sum] : sums_) {
        if (!next.contains(key)) {
            folded_waits_ += sum.waits;
            folded_ns_ += sum.ns;
        }
    }
    sums_ = std::move(next);
}

std::vector<IdleVictims::Row> IdleVictims::rows(std::size_t top, const KnownNames* names) const {
    Row others{{Group::Kind::others, 0, {}, 0}, folded_waits_, folded_ns_, std::nullopt};
    std::vector<Row> rows;
    for (const auto* entry : largest(sums_, sums_.size())) {
        const auto& [key, sum] = *entry;
        if (rows.size() < top) {
            rows.push_back({group_of(key, sum.label, names), sum.waits, sum.ns, sum.idle.cpu()});
        } else {
            others.waits += sum.waits;
            others.ns += sum.ns;
        }
    }
    if (others.waits > 0) {
        rows.push_back(std::move(others));
    }
    return rows;
}

}  // namespace rqs
