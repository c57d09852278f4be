// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rqs {

// Index layout: value >> shift lies in [half, 2*half) for every shift above 0, so that the octaves
// follow each other without a gap at half*shift + (value >> shift).
Histogram::Histogram() : buckets_(half * (64 - linear_bits + 2)) {}

std::size_t Histogram::index_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > linear_bits ? width - linear_bits : 0;
    return half * shift + static_cast<std::size_t>(value >> shift);
}

std::uint64_t Histogram::middle_of(std::size_t index) {
    if (index < 2 * half) {
        return index;
    }
    const std::size_t shift = index / half - 1;
    const std::uint64_t mantissa = half + index % half;
    return (mantissa << shift) + (std::uint64_t{1} << (shift - 1));
}

void Histogram::merge(const Histogram& other) {
    std::transform(buckets_.begin(), buckets_.end(), other.buckets_.begin(), buckets_.begin(),
                   std::plus<>());
    count_ += other.count_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
}

void Histogram::clear() {
    *this = Histogram();
}

std::uint64_t Histogram::quantile(double q) const {
    if (count_ == 0) {
        return 0;
    }
    const double rank = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
    // The first and the last value are known exactly; this also keeps rank inside the integers.
    if (rank <= 1.0) {
        return min_;
    }
    if (rank >= static_cast<double>(count_)) {
        return max_;
    }
    const auto wanted = static_cast<std::uint64_t>(rank);
    std::uint64_t passed = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        passed += buckets_[i];
        if (passed >= wanted) {
            return std::clamp(middle_of(i), min_, max_);
        }
    }
    return max_;
}

}  // namespace rqs
