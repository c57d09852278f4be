// SPDX-License-Identifier: BSD-2-Clause
#include "html/lane_grid.h"

#include <algorithm>

#include "html/cast.h"
#include "html/columns.h"

namespace rqs::html {

LaneGrid::LaneGrid(std::uint32_t cpus) : cpus_(std::max(cpus, 1U)) {
    while (cpus_.size() * (TimeGrid::bins / joined_) > most_bins && joined_ < TimeGrid::bins / 8) {
        joined_ *= 2;
    }
}

/// The smallest gives way, so that who had most of the bin is told.
void LaneGrid::Bin::add(std::uint32_t actor, std::uint64_t ns) {
    if (actor == Cast::others) {
        others_ns += ns;
        return;
    }
    Share* least = shares.data();
    for (Share& share : shares) {
        if (share.ns > 0 && share.actor == actor) {
            share.ns += ns;
            return;
        }
        least = share.ns < least->ns ? &share : least;
    }
    if (ns <= least->ns) {
        others_ns += ns;
        return;
    }
    others_ns += least->ns;
    *least = {actor, ns};
}

void LaneGrid::ran(const TimeGrid& grid, std::uint32_t cpu, std::uint64_t from_ns,
                   std::uint64_t to_ns, std::uint32_t actor) {
    if (cpu >= cpus_.size()) {
        return;
    }
    auto& bins = cpus_[cpu];
    if (bins.empty()) {
        bins.resize(TimeGrid::bins / joined_);
    }
    grid.spread(from_ns, to_ns, joined_,
                [&](std::size_t bin, std::uint64_t ns) { bins[bin].add(actor, ns); });
}

void LaneGrid::wait(const TimeGrid& grid, const Wait& wait, std::uint32_t task) {
    if (wait.cpu >= cpus_.size()) {
        return;
    }
    auto& bins = cpus_[wait.cpu];
    if (bins.empty()) {
        bins.resize(TimeGrid::bins / joined_);
    }
    Peak& peak = bins[grid.bin(wait.ts_ns) / joined_].peak;
    if (wait.wait_ns > peak.wait_ns) {
        peak = {wait.ts_ns, wait.wait_ns, task, wait.cause};
    }
}

void LaneGrid::fold() {
    for (auto& bins : cpus_) {
        html::fold(bins, [](Bin& into, const Bin& from) {
            for (const Share& share : from.shares) {
                into.add(share.actor, share.ns);
            }
            into.others_ns += from.others_ns;
            if (from.peak.wait_ns > into.peak.wait_ns) {
                into.peak = from.peak;
            }
        });
    }
}

std::string LaneGrid::shares_column(const TimeGrid& grid, std::size_t used) const {
    const std::uint64_t wide_ns = grid.width_ns() * joined_;
    const auto share_of = [&](std::uint64_t ns) {
        return std::min(whole, (ns * whole + wide_ns / 2) / wide_ns);
    };
    std::string column;
    for (const auto& bins : cpus_) {
        for (std::size_t i = 0; i < used; ++i) {
            std::vector<Share> shares;
            if (i < bins.size()) {
                shares.assign(bins[i].shares.begin(), bins[i].shares.end());
                shares.push_back({Cast::others, bins[i].others_ns});
            }
            std::erase_if(shares, [&](const Share& each) { return share_of(each.ns) == 0; });
            put_varint(column, shares.size());
            for (const Share& share : shares) {
                put_varint(column, share.actor);
                put_varint(column, share_of(share.ns));
            }
        }
    }
    return column;
}

std::string LaneGrid::peaks_column(const TimeGrid& grid) const {
    std::string column;
    for (const auto& bins : cpus_) {
        const auto peaks = std::count_if(bins.begin(), bins.end(),
                                         [](const Bin& bin) { return bin.peak.wait_ns > 0; });
        put_varint(column, static_cast<std::uint64_t>(peaks));
        std::uint64_t before_ns = 0;
        for (const Bin& bin : bins) {
            if (bin.peak.wait_ns > 0) {
                const std::uint64_t end_ns = grid.since(bin.peak.end_ns);
                put_varint(column, end_ns - std::min(end_ns, before_ns));
                put_varint(column, bin.peak.wait_ns);
                put_varint(column, static_cast<std::uint64_t>(bin.peak.cause));
                put_varint(column, bin.peak.task);
                before_ns = end_ns;
            }
        }
    }
    return column;
}

}  // namespace rqs::html
