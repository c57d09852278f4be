// SPDX-License-Identifier: BSD-2-Clause
// Counts of values from 0 to 2^64-1 in fixed memory, precise to half a per cent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rqs {

/// A log-linear histogram: values below 256 have a bucket each, above that every power of two is
/// cut into 128 equal buckets. A bucket is answered by its middle, so that an answer is off by at
/// most 1/256 of the value; the smallest and largest value are kept exactly.
class Histogram {
  public:
    Histogram();

    void add(std::uint64_t value) {
        ++buckets_[index_of(value)];
        ++count_;
        min_ = value < min_ ? value : min_;
        max_ = value > max_ ? value : max_;
    }
    void merge(const Histogram& other);
    void clear();

    [[nodiscard]] std::uint64_t count() const { return count_; }
    /// Both 0 where nothing was added.
    [[nodiscard]] std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
    [[nodiscard]] std::uint64_t max() const { return max_; }

    /// The nearest-rank quantile: the smallest value that at least `q` of all values do not exceed.
    /// `q` is cut to 0..1; 0 where nothing was added.
    [[nodiscard]] std::uint64_t quantile(double q) const;

  private:
    static constexpr unsigned linear_bits = 8;
    static constexpr std::size_t half = std::size_t{1} << (linear_bits - 1);

    static std::size_t index_of(std::uint64_t value);
    static std::uint64_t middle_of(std::size_t index);

    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::uint64_t min_ = UINT64_MAX;
    std::uint64_t max_ = 0;
};

}  // namespace rqs
