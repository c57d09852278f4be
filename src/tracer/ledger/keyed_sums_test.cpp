// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/keyed_sums.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace rqs {
namespace {

/// The same by going through all of it.
class Model {
  public:
    explicit Model(std::size_t capacity) : capacity_(capacity) {}

    void add(std::uint64_t position, std::uint64_t key, std::uint64_t amount) {
        entries_.push_back({position, key, amount});
        std::erase_if(entries_, [&](const Entry& one) { return one.position < oldest(); });
    }
    [[nodiscard]] std::uint64_t oldest() const {
        const std::uint64_t end = entries_.empty() ? 0 : entries_.back().position + 1;
        return end > capacity_ ? end - capacity_ : 0;
    }
    [[nodiscard]] std::uint64_t since(std::uint64_t key, std::uint64_t from) const {
        std::uint64_t sum = 0;
        for (const auto& one : entries_) {
            sum += one.key == key && one.position >= from ? one.amount : 0;
        }
        return sum;
    }
    [[nodiscard]] std::uint64_t newest(std::uint64_t key) const {
        std::uint64_t position = KeyedSums::none;
        for (const auto& one : entries_) {
            position = one.key == key ? one.position : position;
        }
        return position;
    }
    [[nodiscard]] std::vector<std::uint64_t> keys_since(std::uint64_t from) const {
        std::vector<std::uint64_t> keys;
        for (auto one = entries_.rbegin(); one != entries_.rend() && one->position >= from; ++one) {
            if (std::find(keys.begin(), keys.end(), one->key) == keys.end()) {
                keys.push_back(one->key);
            }
        }
        return keys;
    }

  private:
    struct Entry {
        std::uint64_t position;
        std::uint64_t key;
        std::uint64_t amount;
    };
    std::size_t capacity_;
    std::vector<Entry> entries_;
};

struct Load {
    std::size_t capacity;
    std::uint64_t keys;
    std::uint64_t longest_hole;  // positions left out at once
};

std::string to_text(const Load& load) {
    return "capacity " + std::to_string(load.capacity) + ", keys " + std::to_string(load.keys) +
           ", holes up to " + std::to_string(load.longest_hole);
}

class Both {
  public:
    Both(const Load& load, std::uint32_t seed)
        : load_(load),
          random_(seed),
          sums_(load.capacity, KeyedSums::Order::newest_first),
          plain_(load.capacity),
          model_(load.capacity) {}

    void add() {
        // Most positions follow each other: a long hole forgets everything.
        next_ += upto(9) == 0 ? upto(load_.longest_hole) : 0;
        const std::uint64_t key = some_key();
        const std::uint64_t amount = upto(1000);
        sums_.add(next_, key, amount);
        plain_.add(next_, key, amount);
        model_.add(next_, key, amount);
        ++next_;
    }
    void compare() {
        const std::uint64_t from = model_.oldest() + upto(next_ - model_.oldest());
        const std::uint64_t key = some_key();
        ASSERT_EQ(sums_.since(key, from), model_.since(key, from)) << key << " since " << from;
        ASSERT_EQ(plain_.since(key, from), sums_.since(key, from)) << key << " since " << from;
        ASSERT_EQ(sums_.newest(key), model_.newest(key)) << key;
        ASSERT_EQ(plain_.newest(key), model_.newest(key)) << key;
        const auto all = model_.keys_since(from);
        ASSERT_EQ(sums_.count_since(from), all.size()) << from;
        const std::size_t most = upto(all.size() + 1);
        std::vector<std::uint64_t> keys;
        sums_.keys_since(from, most, keys);
        const auto shown = static_cast<std::ptrdiff_t>(std::min(most, all.size()));
        ASSERT_EQ(keys, (std::vector<std::uint64_t>{all.begin(), all.begin() + shown})) << from;
    }

  private:
    std::uint64_t upto(std::uint64_t most) {
        return std::uniform_int_distribution<std::uint64_t>(0, most)(random_);
    }
    // Every second time a key out of few, so that long and short lists stand beside each other.
    std::uint64_t some_key() { return upto(1) == 0 ? upto(1) : upto(load_.keys - 1) << 8; }

    Load load_;
    std::mt19937 random_;
    KeyedSums sums_;
    KeyedSums plain_;
    Model model_;
    std::uint64_t next_ = 0;
};

TEST(KeyedSums, AgreesWithABruteForceModel) {
    const std::vector<Load> loads{{2, 1, 0},    {2, 3, 3},      {4, 2, 9},      {16, 1, 0},
                                  {16, 40, 5},  {64, 3, 0},     {64, 500, 100}, {256, 20, 2},
                                  {1024, 5, 0}, {1024, 900, 3}, {1024, 1, 2000}};
    for (const Load& load : loads) {
        SCOPED_TRACE(to_text(load));
        for (std::uint32_t seed = 0; seed < 8; ++seed) {
            Both both(load, seed);
            const std::size_t adds = std::min<std::size_t>(load.capacity * 4, 1500) + 40;
            for (std::size_t i = 0; i < adds; ++i) {
                both.add();
                both.compare();
                if (HasFatalFailure()) {
                    return;
                }
            }
        }
    }
}

TEST(KeyedSums, KnowsNothingAtFirst) {
    const KeyedSums sums(8, KeyedSums::Order::newest_first);
    std::vector<std::uint64_t> keys;
    sums.keys_since(0, 10, keys);
    EXPECT_TRUE(keys.empty());
    EXPECT_EQ(sums.since(5, 0), 0U);
    EXPECT_EQ(sums.newest(5), KeyedSums::none);
    EXPECT_EQ(sums.count_since(0), 0U);
}

TEST(KeyedSums, AHoleLongerThanItsCapacityForgetsEverything) {
    KeyedSums sums(8, KeyedSums::Order::newest_first);
    for (std::uint64_t position = 0; position < 8; ++position) {
        sums.add(position, position, 1);
    }
    sums.add(1000, 3, 5);
    EXPECT_EQ(sums.since(3, 993), 5U);
    EXPECT_EQ(sums.newest(4), KeyedSums::none);
    EXPECT_EQ(sums.count_since(993), 1U);
}

TEST(KeyedSums, PositionsAndSumsMayBeLarge) {
    KeyedSums sums(4);
    constexpr std::uint64_t far = std::uint64_t{1} << 60;
    sums.add(far, 7, far);
    sums.add(far + 1, 7, far);
    EXPECT_EQ(sums.since(7, far), 2 * far);
    EXPECT_EQ(sums.since(7, far + 1), far);
}

// The shortest time in which `since` is asked for a thousand suffixes of about `entries` entries.
std::chrono::nanoseconds cost_of_since(const KeyedSums& sums, std::uint64_t end,
                                       std::uint64_t entries) {
    auto best = std::chrono::nanoseconds::max();
    std::uint64_t sum = 0;
    for (int round = 0; round < 30; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (std::uint64_t i = 0; i < 1000; ++i) {
            sum += sums.since(1, end - entries + i % (entries / 2));
        }
        best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - start);
    }
    EXPECT_GT(sum, 0U);
    return best;
}

// A ratio of two times of one process: going through the list would cost 800 times as much.
TEST(KeyedSums, TheCostOfASumDoesNotFollowTheNumberOfEntries) {
    constexpr std::uint64_t capacity = 8192;
    KeyedSums sums(capacity);
    constexpr std::uint64_t end = capacity * 3 + 17;  // much was forgotten by then
    for (std::uint64_t position = 0; position < end; ++position) {
        sums.add(position, 1, 1);
    }
    ASSERT_EQ(sums.since(1, end - 8000), 8000U);
    EXPECT_LE(cost_of_since(sums, end, 8000), cost_of_since(sums, end, 10) * 20);
}

}  // namespace
}  // namespace rqs
