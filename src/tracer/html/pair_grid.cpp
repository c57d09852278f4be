// SPDX-License-Identifier: BSD-2-Clause
#include "html/pair_grid.h"

#include <algorithm>

#include "html/columns.h"
#include "ledger/ledger.h"

namespace rqs::html {
namespace {

Cause cause_of_run(const Wait& wait, const Part& part) {
    if (part.relation == Relation::self) {
        return Cause::self;
    }
    if (outranks(part.prio, wait.prio)) {
        return Cause::realtime;
    }
    if (outranks(wait.prio, part.prio)) {
        return wait.sums.rt_throttled_ns > 0 ? Cause::rt_throttled : Cause::unknown;
    }
    return Cause::contention;
}

}  // namespace

Cause cause_of_part(const Wait& wait, const Part& part) {
    switch (part.kind) {
        case PartKind::ran:
            return cause_of_run(wait, part);
        case PartKind::others:
            return Cause::contention;
        case PartKind::idle:
            return Cause::idle;
        case PartKind::throttled:
            return Cause::throttled;
        case PartKind::elsewhere:
            return Cause::moved;
        case PartKind::irq:
        case PartKind::steal:
        case PartKind::unknown:
            break;
    }
    return Cause::unknown;
}

// A part is spread evenly over the wait: when in it somebody ran is not looked up.
void PairGrid::add(const TimeGrid& grid, const Wait& wait, std::uint32_t victim, Cast& cast) {
    const std::uint64_t from_ns = wait.ts_ns - std::min(wait.ts_ns, wait.wait_ns);
    for (const Part& part : wait.why) {
        const std::uint32_t culprit = part.kind == PartKind::ran
                                          ? cast.actor_of(cast.task(part.task, part.cgroup_id))
                                          : cast.part(part.kind, wait.sched_cgroup_id);
        const Key key{victim, culprit, cause_of_part(wait, part)};
        std::uint64_t left_ns = part.ns;
        std::size_t last = 0;
        grid.spread(from_ns, wait.ts_ns, joined, [&](std::size_t bin, std::uint64_t ns) {
            const double share = static_cast<double>(ns) / static_cast<double>(wait.wait_ns);
            const auto some =
                std::min(left_ns, static_cast<std::uint64_t>(share * static_cast<double>(part.ns)));
            bins_[bin][key] += some;
            bound(bins_[bin]);
            left_ns -= some;
            last = bin;
        });
        bins_[last][key] += left_ns;
        bound(bins_[last]);
    }
}

std::vector<std::pair<PairGrid::Key, std::uint64_t>> PairGrid::largest(const Bin& bin,
                                                                       std::size_t most) {
    std::vector<std::pair<Key, std::uint64_t>> pairs(bin.begin(), bin.end());
    std::sort(pairs.begin(), pairs.end(),
              [](const auto& a, const auto& b) { return a.second > b.second; });
    Bin rest;
    while (pairs.size() > most) {
        const auto& [key, ns] = pairs.back();
        rest[{Cast::others, Cast::others, key.cause}] += ns;
        pairs.pop_back();
    }
    pairs.insert(pairs.end(), rest.begin(), rest.end());
    return pairs;
}

/// Half of the room is gained, so that it is not done for each wait from then on.
void PairGrid::bound(Bin& bin) {
    if (bin.size() <= most_pairs) {
        return;
    }
    const auto kept = largest(bin, most_pairs / 2);
    bin.clear();
    for (const auto& [key, ns] : kept) {
        bin[key] += ns;
    }
}

void PairGrid::fold() {
    html::fold(bins_, [](Bin& into, const Bin& from) {
        for (const auto& [key, ns] : from) {
            into[key] += ns;
        }
        bound(into);
    });
}

std::string PairGrid::column(std::size_t used) const {
    std::string column;
    for (std::size_t i = 0; i < used; ++i) {
        const auto pairs = largest(bins_[i], pairs_shown);
        put_varint(column, pairs.size());
        for (const auto& [key, ns] : pairs) {
            put_varint(column, key.victim);
            put_varint(column, key.culprit);
            put_varint(column, static_cast<std::uint64_t>(key.cause));
            put_varint(column, ns);
        }
    }
    return column;
}

}  // namespace rqs::html
