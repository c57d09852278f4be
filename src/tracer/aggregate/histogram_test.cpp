// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace rqs {
namespace {

constexpr std::array<double, 8> quantiles{0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0};

/// Nearest rank in the sorted values themselves.
std::uint64_t exact(const std::vector<std::uint64_t>& sorted, double q) {
    const double rank = std::ceil(q * static_cast<double>(sorted.size()));
    return sorted.at(rank < 1 ? 0 : static_cast<std::size_t>(rank) - 1);
}

void expect_close(std::vector<std::uint64_t> values) {
    Histogram histogram;
    for (const std::uint64_t value : values) {
        histogram.add(value);
    }
    std::sort(values.begin(), values.end());
    for (const double q : quantiles) {
        const auto wanted = static_cast<double>(exact(values, q));
        const auto got = static_cast<double>(histogram.quantile(q));
        EXPECT_LE(std::abs(got - wanted), wanted / 255.0) << "q " << q << " of " << values.size();
    }
    EXPECT_EQ(histogram.min(), values.front());
    EXPECT_EQ(histogram.max(), values.back());
    EXPECT_EQ(histogram.quantile(1.0), values.back());
    EXPECT_EQ(histogram.count(), values.size());
}

TEST(Histogram, IsEmptyAtFirst) {
    const Histogram histogram;
    EXPECT_EQ(histogram.count(), 0U);
    EXPECT_EQ(histogram.min(), 0U);
    EXPECT_EQ(histogram.max(), 0U);
    EXPECT_EQ(histogram.quantile(0.99), 0U);
}

TEST(Histogram, SmallValuesAreExact) {
    Histogram histogram;
    for (std::uint64_t value = 0; value < 256; ++value) {
        histogram.add(value);
    }
    for (std::uint64_t value = 0; value < 256; ++value) {
        EXPECT_EQ(histogram.quantile(static_cast<double>(value + 1) / 256.0), value);
    }
}

TEST(Histogram, EveryMagnitudeIsWithinHalfAPercent) {
    for (unsigned bit = 0; bit < 64; ++bit) {
        const std::uint64_t power = std::uint64_t{1} << bit;
        for (const std::uint64_t value : {power - 1, power, power + 1, power + power / 3}) {
            Histogram histogram;
            histogram.add(0);
            histogram.add(value);
            histogram.add(UINT64_MAX);  // so that the clamp to the extremes does not help
            const auto got = static_cast<double>(histogram.quantile(0.5));
            const auto wanted = static_cast<double>(value);
            EXPECT_LE(std::abs(got - wanted), wanted / 255.0) << value;
        }
    }
}

TEST(Histogram, AgreesWithSortedValues) {
    std::mt19937_64 random(1);
    std::lognormal_distribution<double> lognormal(13.0, 2.5);
    std::uniform_int_distribution<std::uint64_t> uniform(0, 50'000'000);
    for (const std::size_t size : {1U, 2U, 3U, 99U, 100U, 101U, 20'000U}) {
        std::vector<std::uint64_t> skewed;
        std::vector<std::uint64_t> flat;
        for (std::size_t i = 0; i < size; ++i) {
            skewed.push_back(static_cast<std::uint64_t>(lognormal(random)));
            flat.push_back(uniform(random));
        }
        expect_close(skewed);
        expect_close(flat);
    }
}

TEST(Histogram, MergedIsWhatOneAloneWouldBe) {
    Histogram first;
    Histogram second;
    Histogram whole;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        (i % 3 == 0 ? first : second).add(i * i * 17);
        whole.add(i * i * 17);
    }
    first.merge(second);
    EXPECT_EQ(first.count(), whole.count());
    for (const double q : quantiles) {
        EXPECT_EQ(first.quantile(q), whole.quantile(q));
    }
    first.clear();
    EXPECT_EQ(first.count(), 0U);
    EXPECT_EQ(first.quantile(0.5), 0U);
}

TEST(Histogram, QuantilesOutsideAreCut) {
    Histogram histogram;
    histogram.add(10);
    histogram.add(20);
    EXPECT_EQ(histogram.quantile(-1), 10U);
    EXPECT_EQ(histogram.quantile(2), 20U);
}

}  // namespace
}  // namespace rqs
