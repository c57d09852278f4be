// SPDX-License-Identifier: BSD-2-Clause
#include "html/wait_grid.h"

#include <algorithm>

#include "html/columns.h"

namespace rqs::html {

std::size_t LengthBuckets::of(std::uint64_t wait_ns) {
    if (wait_ns < std::uint64_t{1} << first_octave) {
        return 0;
    }
    const auto octave = static_cast<unsigned>(std::bit_width(wait_ns)) - 1;
    if (octave > last_octave) {
        return size - 1;
    }
    const std::uint64_t part = wait_ns >> (octave - 4) & (per_octave - 1);
    return 1 + (octave - first_octave) * per_octave + static_cast<std::size_t>(part);
}

void WaitGrid::add(const TimeGrid& grid, const Wait& wait) {
    Bin& end = bins_[grid.bin(wait.ts_ns)];
    if (end.lengths.empty()) {
        end.lengths.resize(LengthBuckets::size);
    }
    ++end.lengths[LengthBuckets::of(wait.wait_ns)];
    end.longest_ns = std::max(end.longest_ns, wait.wait_ns);
    const auto cause = static_cast<std::size_t>(wait.cause);
    grid.spread(wait.ts_ns - std::min(wait.ts_ns, wait.wait_ns), wait.ts_ns, 1,
                [&](std::size_t bin, std::uint64_t ns) { bins_[bin].cause_ns.at(cause) += ns; });
}

void WaitGrid::join(Bin& into, const Bin& from) {
    if (into.lengths.empty()) {
        into.lengths = from.lengths;
    } else {
        for (std::size_t i = 0; i < from.lengths.size(); ++i) {
            into.lengths[i] += from.lengths[i];
        }
    }
    for (std::size_t i = 0; i < cause_count; ++i) {
        into.cause_ns.at(i) += from.cause_ns.at(i);
    }
    into.longest_ns = std::max(into.longest_ns, from.longest_ns);
}

void WaitGrid::fold() {
    html::fold(bins_, join);
}

std::string WaitGrid::lengths_column(std::size_t used) const {
    std::string column;
    for (std::size_t bin = 0; bin < used; ++bin) {
        const auto& lengths = bins_[bin].lengths;
        const auto empty = std::count(lengths.begin(), lengths.end(), 0U);
        put_varint(column, lengths.size() - static_cast<std::size_t>(empty));
        std::size_t next = 0;
        for (std::size_t i = 0; i < lengths.size(); ++i) {
            if (lengths[i] > 0) {
                put_varint(column, i - next);
                put_varint(column, lengths[i]);
                next = i + 1;
            }
        }
    }
    return column;
}

std::string WaitGrid::longest_column(std::size_t used) const {
    std::string column;
    for (std::size_t bin = 0; bin < used; ++bin) {
        put_varint(column, bins_[bin].longest_ns);
    }
    return column;
}

std::string WaitGrid::causes_column(std::size_t used) const {
    std::string column;
    for (std::size_t bin = 0; bin < used; ++bin) {
        for (const std::uint64_t ns : bins_[bin].cause_ns) {
            put_varint(column, ns);
        }
    }
    return column;
}

}  // namespace rqs::html
