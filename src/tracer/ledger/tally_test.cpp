// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/tally.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace rqs {
namespace {

TEST(Tally, CountsAsAMapDoesAndForgets) {
    std::mt19937_64 random{7};
    Tally tally;
    for (const std::size_t most : {1U, 32U, 129U, 16U, 4096U}) {
        tally.clear(most);
        EXPECT_TRUE(tally.met().empty());
        std::map<std::uint64_t, std::uint32_t> expected;
        for (std::size_t i = 0; i < most; ++i) {
            // Keys of threads differ in the bits from the eighth on.
            const std::uint64_t key = (random() % most) << 8 | 101;
            ++expected[key];
            tally.add(key);
        }
        ASSERT_EQ(tally.met().size(), expected.size());
        for (const Tally::Met& met : tally.met()) {
            EXPECT_EQ(met.times, expected[met.key]);
        }
    }
}

}  // namespace
}  // namespace rqs
