// SPDX-License-Identifier: BSD-2-Clause
// A fixed number of bins over a time whose end is not known: when it goes on, bins become twice as
// wide and pairs of them are joined. So memory and the page are bounded, however long it was.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rqs::html {

class TimeGrid {
  public:
    static constexpr std::size_t bins = 1024;
    static constexpr std::uint64_t first_width_ns = 1U << 14;

    explicit TimeGrid(std::uint64_t origin_ns = 0) : origin_ns_(origin_ns) {}

    [[nodiscard]] std::uint64_t origin_ns() const { return origin_ns_; }
    [[nodiscard]] std::uint64_t width_ns() const { return width_ns_; }
    [[nodiscard]] bool covers(std::uint64_t ns) const { return since(ns) / width_ns_ < bins; }
    void widen() { width_ns_ *= 2; }

    /// 0 for what was before.
    [[nodiscard]] std::uint64_t since(std::uint64_t ns) const {
        return ns - std::min(ns, origin_ns_);
    }
    /// Clamped to the bins that there are.
    [[nodiscard]] std::size_t bin(std::uint64_t ns) const {
        return static_cast<std::size_t>(std::min<std::uint64_t>(since(ns) / width_ns_, bins - 1));
    }

    /// Calls `add(bin, ns)` for each bin, `joined` of ours being one, that the span lies in. All
    /// together are the whole span: what was before the origin counts in the first bin.
    template <typename Add>
    void spread(std::uint64_t from_ns, std::uint64_t to_ns, std::size_t joined, Add&& add) const {
        const std::size_t first = bin(from_ns) / joined;
        const std::size_t last = bin(to_ns) / joined;
        if (first == last) {
            add(first, to_ns - from_ns);
            return;
        }
        const std::uint64_t wide_ns = width_ns_ * joined;
        std::uint64_t at_ns = from_ns;
        for (std::size_t i = first; i < last; ++i) {
            const std::uint64_t end_ns = origin_ns_ + (i + 1) * wide_ns;
            add(i, end_ns - at_ns);
            at_ns = end_ns;
        }
        if (to_ns > at_ns) {
            add(last, to_ns - at_ns);
        }
    }

  private:
    std::uint64_t origin_ns_;
    std::uint64_t width_ns_ = first_width_ns;
};

/// Joins each two neighbours of `bins`: `join(into, from)`. The second half is empty then.
template <typename Bin, typename Join>
void fold(std::vector<Bin>& bins, Join&& join) {
    for (std::size_t i = 0; i < bins.size() / 2; ++i) {
        join(bins[2 * i], bins[2 * i + 1]);
        if (i > 0) {
            bins[i] = std::move(bins[2 * i]);
        }
    }
    for (std::size_t i = bins.size() / 2; i < bins.size(); ++i) {
        bins[i] = Bin();
    }
}

}  // namespace rqs::html
