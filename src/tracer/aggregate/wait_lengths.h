// SPDX-License-Identifier: BSD-2-Clause
// How many waits were how long, in powers of two: the shape that a person looks at. Percentiles
// come from Histogram, which is finer and takes a hundred times the memory.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace rqs {

/// Bucket 0 holds waits below 1 us, bucket n those from 2^(n-1) us to below 2^n us. Any 64-bit
/// length has its bucket.
class WaitLengths {
  public:
    static constexpr std::size_t size =
        std::bit_width(std::numeric_limits<std::uint64_t>::max() / 1000) + 1;

    void add(std::uint64_t wait_ns) { ++counts_[std::bit_width(wait_ns / 1000)]; }

    [[nodiscard]] std::uint64_t count(std::size_t bucket) const { return counts_.at(bucket); }

    /// The shortest length that belongs into the bucket.
    static constexpr std::uint64_t from_ns(std::size_t bucket) {
        return bucket == 0 ? 0 : (std::uint64_t{1} << (bucket - 1)) * 1000;
    }
    /// The shortest length that does not any more; the largest number there is for the last one.
    static constexpr std::uint64_t to_ns(std::size_t bucket) {
        return bucket + 1 < size ? from_ns(bucket + 1) : std::numeric_limits<std::uint64_t>::max();
    }

    /// The first bucket that holds a wait, and the one behind the last; equal where there is none.
    struct Span {
        std::size_t first = 0;
        std::size_t end = 0;
    };
    [[nodiscard]] Span used() const;

  private:
    std::array<std::uint64_t, size> counts_{};
};

}  // namespace rqs
