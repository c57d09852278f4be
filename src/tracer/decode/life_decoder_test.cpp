// SPDX-License-Identifier: BSD-2-Clause
#include "decode/life_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace rqs {
namespace {

using ::testing::ElementsAre;

class Taker : public RecordHandler {
  public:
    void on_fork(const Fork& fork) override { forks.push_back(fork); }
    void on_exit(const Exit& exit) override { exits.push_back(exit); }
    void on_affinity(const Affinity& affinity) override { affinities.push_back(affinity); }

    [[nodiscard]] std::size_t taken() const {
        return forks.size() + exits.size() + affinities.size();
    }

    std::vector<Fork> forks;
    std::vector<Exit> exits;
    std::vector<Affinity> affinities;
};

template <typename T>
std::span<const std::byte> bytes_of(const T& record) {
    return std::as_bytes(std::span(&record, 1));
}

rqs_life life(rqs_life_kind kind) {
    rqs_life life{};
    life.head = {1000, static_cast<rqs_u32>(kind), 11};
    life.pid = 10;
    life.child_tid = 13;
    life.child_pid = 12;
    std::strncpy(life.comm, "parent", sizeof(life.comm));
    std::memset(life.child_comm, 'x', sizeof(life.child_comm));  // the kernel ends it, we see to it
    return life;
}

TEST(LifeDecoder, TellsWhoForkedWhom) {
    Taker taker;
    ASSERT_TRUE(decode_life(bytes_of(life(RQS_LIFE_FORK)), 4, taker));
    ASSERT_EQ(taker.forks.size(), 1U);
    EXPECT_EQ(taker.forks[0].ts_ns, 1000U);
    EXPECT_EQ(taker.forks[0].parent.tid, 11U);
    EXPECT_EQ(taker.forks[0].parent.pid, 10U);
    EXPECT_EQ(taker.forks[0].parent.comm.view(), "parent");
    EXPECT_EQ(taker.forks[0].child.tid, 13U);
    EXPECT_EQ(taker.forks[0].child.pid, 12U);
    EXPECT_EQ(taker.forks[0].child.comm.view(), std::string(15, 'x'));
}

TEST(LifeDecoder, TellsWhoEnded) {
    Taker taker;
    ASSERT_TRUE(decode_life(bytes_of(life(RQS_LIFE_EXIT)), 4, taker));
    ASSERT_EQ(taker.exits.size(), 1U);
    EXPECT_EQ(taker.exits[0].ts_ns, 1000U);
    EXPECT_EQ(taker.exits[0].task.tid, 11U);
    EXPECT_EQ(taker.exits[0].task.comm.view(), "parent");
}

TEST(LifeDecoder, CutsTheMaskAtTheLastCpu) {
    rqs_affinity raw{};
    raw.head = {1000, RQS_LIFE_AFFINITY, 11};
    std::fill(std::begin(raw.cpus), std::end(raw.cpus), ~rqs_u64{0});
    Taker taker;
    ASSERT_TRUE(decode_life(bytes_of(raw), 4, taker));
    ASSERT_TRUE(decode_life(bytes_of(raw), 64, taker));
    ASSERT_TRUE(decode_life(bytes_of(raw), 70, taker));
    ASSERT_TRUE(decode_life(bytes_of(raw), 100'000, taker));
    ASSERT_EQ(taker.affinities.size(), 4U);
    EXPECT_EQ(taker.affinities[0].tid, 11U);
    EXPECT_THAT(taker.affinities[0].cpus, ElementsAre(0xf));
    EXPECT_THAT(taker.affinities[1].cpus, ElementsAre(UINT64_MAX));
    EXPECT_THAT(taker.affinities[2].cpus, ElementsAre(UINT64_MAX, 0x3f));
    EXPECT_EQ(taker.affinities[3].cpus.size(), std::size_t{RQS_AFFINITY_CPUS} / 64);
}

TEST(LifeDecoder, TakesAnyBytes) {
    std::mt19937 random(1);
    Taker taker;
    for (int i = 0; i < 20'000; ++i) {
        std::vector<std::byte> bytes(random() % 200);
        for (std::byte& byte : bytes) {
            byte = static_cast<std::byte>(random());
        }
        if (i % 2 == 0 && bytes.size() > 12) {  // a kind that there is, of any length
            const auto kind = static_cast<rqs_u32>(1 + random() % 3);
            std::memcpy(bytes.data() + 8, &kind, sizeof(kind));
        }
        const std::size_t before = taker.taken();
        const auto cpus = static_cast<std::uint32_t>(random() % 2000);
        const auto decoded = decode_life(bytes, cpus, taker);
        EXPECT_EQ(taker.taken() - before, decoded ? 1U : 0U);
    }
    EXPECT_GT(taker.taken(), 0U);
}

TEST(LifeDecoder, RefusesWhatIsTooShort) {
    Taker taker;
    const rqs_life whole = life(RQS_LIFE_FORK);
    const auto bytes = bytes_of(whole);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_FALSE(decode_life(bytes.first(length), 4, taker)) << length;
    }
    EXPECT_EQ(taker.taken(), 0U);
}

}  // namespace
}  // namespace rqs
