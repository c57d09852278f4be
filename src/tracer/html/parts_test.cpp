// SPDX-License-Identifier: BSD-2-Clause
// What the page is made of: sums that stay whole however far they are folded, and bounds that hold.
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "html/columns.h"
#include "html/lane_grid.h"
#include "html/longest_waits.h"
#include "html/pair_grid.h"
#include "html/run_store.h"
#include "html/scene_for_test.h"
#include "html/wait_grid.h"

namespace rqs::html {
namespace {

using namespace html_for_test;

/// Reads what put_varint() wrote.
class Numbers {
  public:
    explicit Numbers(std::string column) : column_(std::move(column)) {}
    std::uint64_t next() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            const auto byte = static_cast<unsigned char>(column_.at(at_++));
            value |= std::uint64_t{byte & 127U} << shift;
            if (byte < 128) {
                return value;
            }
        }
    }
    [[nodiscard]] bool ended() const { return at_ == column_.size(); }

  private:
    std::string column_;
    std::size_t at_ = 0;
};

std::uint64_t sum_of(const std::string& column) {
    Numbers numbers(column);
    std::uint64_t sum = 0;
    while (!numbers.ended()) {
        sum += numbers.next();
    }
    return sum;
}

TEST(HtmlColumns, NumbersAndBase64AreAsOthersWriteThem) {
    std::string column;
    for (const std::uint64_t value : {0ULL, 127ULL, 128ULL, 300ULL, ~0ULL}) {
        put_varint(column, value);
    }
    Numbers numbers(column);
    for (const std::uint64_t value : {0ULL, 127ULL, 128ULL, 300ULL, ~0ULL}) {
        EXPECT_EQ(numbers.next(), value);
    }
    EXPECT_TRUE(numbers.ended());
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foo"), "Zm9v");
    EXPECT_EQ(base64("\xff\xfe\xfd\x00"), "//79");
    for (std::size_t size = 0; size < 9; ++size) {
        EXPECT_EQ(base64(std::string(size, 'x')).size(), base64_size(size));
    }
}

TEST(HtmlTimeGrid, ASpanIsSpreadWithoutLoss) {
    TimeGrid grid(began);
    std::mt19937_64 random(7);
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t from = began - 1000 + random() % (20 * ms);
        const std::uint64_t to = from + random() % (3 * ms);
        while (!grid.covers(to)) {
            grid.widen();
        }
        for (const std::size_t joined : {1U, 4U}) {
            std::uint64_t sum = 0;
            grid.spread(from, to, joined, [&](std::size_t bin, std::uint64_t ns) {
                EXPECT_LT(bin, TimeGrid::bins / joined);
                sum += ns;
            });
            EXPECT_EQ(sum, to - from);
        }
    }
}

TEST(HtmlWaitGrid, BucketsCoverEveryLength) {
    std::size_t before = 0;
    for (std::uint64_t ns = 1; ns < (1ULL << 62); ns += 1 + ns / 40) {
        const std::size_t bucket = LengthBuckets::of(ns);
        EXPECT_GE(bucket, before);
        EXPECT_LE(bucket, before + 1);
        before = bucket;
    }
    EXPECT_EQ(before, LengthBuckets::size - 1);
}

struct Grids {
    TimeGrid grid{began};
    WaitGrid waits;
    PairGrid pairs;
    LaneGrid lanes{2};
    LongestWaits longest;

    void reach(std::uint64_t ns) {
        while (!grid.covers(ns)) {
            grid.widen();
            waits.fold();
            pairs.fold();
            lanes.fold();
            longest.fold();
        }
    }
};

std::uint64_t sum_of_pairs(const std::string& column, std::size_t bins) {
    Numbers numbers(column);
    std::uint64_t sum = 0;
    for (std::size_t bin = 0; bin < bins; ++bin) {
        for (std::uint64_t left = numbers.next(); left > 0; --left) {
            numbers.next();
            numbers.next();
            numbers.next();
            sum += numbers.next();
        }
    }
    EXPECT_TRUE(numbers.ended());
    return sum;
}

// However long it goes on and however many tasks there are, nothing is lost.
TEST(HtmlGrids, TimeIsConservedWhileBinsAreJoined) {
    Grids grids;
    Cast cast(GroupBy::thread, nullptr);
    std::mt19937_64 random(3);
    std::uint64_t waited = 0;
    std::uint64_t longest = 0;
    std::uint64_t now = began;
    constexpr int waits = 20'000;
    for (int i = 0; i < waits; ++i) {
        now += random() % (2 * ms);
        const auto who = static_cast<std::uint32_t>(1 + random() % 3000);
        Wait one = wait(task(who, "victim"), now,
                        {ran_part(task(10'000 + who % 700, "culprit"), random() % (5 * ms)),
                         part(PartKind::throttled, random() % ms), part(PartKind::idle, 1)});
        grids.reach(now);
        grids.waits.add(grids.grid, one);
        grids.pairs.add(grids.grid, one, cast.actor_of(cast.task(one.task, 0)), cast);
        grids.longest.add(grids.grid, one);
        waited += one.wait_ns;
        longest = std::max(longest, one.wait_ns);
    }
    const std::size_t used = grids.grid.bin(now) + 1;
    EXPECT_GT(used, TimeGrid::bins / 2);
    EXPECT_EQ(sum_of(grids.waits.causes_column(used)), waited);
    EXPECT_EQ(sum_of_pairs(grids.pairs.column(used / 4 + 1), used / 4 + 1), waited);
    const auto listed = grids.longest.waits();
    EXPECT_EQ(listed.front().wait_ns, longest);
    EXPECT_GE(listed.size(), LongestWaits::of_all);
    EXPECT_LE(listed.size(), LongestWaits::of_all + TimeGrid::bins / LongestWaits::joined);
    Numbers lengths(grids.waits.lengths_column(used));
    std::uint64_t counted = 0;
    for (std::size_t bin = 0; bin < used; ++bin) {
        for (std::uint64_t left = lengths.next(); left > 0; --left) {
            lengths.next();
            counted += lengths.next();
        }
    }
    EXPECT_EQ(counted, waits);
}

TEST(HtmlLaneGrid, SharesOfABinSumToIt) {
    TimeGrid grid(began);
    LaneGrid lanes(1);
    for (std::uint32_t i = 0; i < 40; ++i) {
        lanes.ran(grid, 0, began + i * 400, began + (i + 1) * 400, 2 + i % 11);
    }
    Numbers numbers(lanes.shares_column(grid, 1));
    std::uint64_t sum = 0;
    for (std::uint64_t left = numbers.next(); left > 0; --left) {
        numbers.next();
        sum += numbers.next();
    }
    EXPECT_NEAR(static_cast<double>(sum), LaneGrid::whole * 16000.0 / 16384, 4);
}

TEST(HtmlRunStore, KeepsEveryRunWhereThereIsRoom) {
    RunStore store(2);
    for (std::uint64_t i = 0; i < 1000; ++i) {
        store.add({1, i * 1000, (i + 1) * 1000, 5, Left::asleep, 300, Cause::self});
    }
    EXPECT_TRUE(store.complete());
    Numbers numbers(store.column());
    EXPECT_EQ(numbers.next(), 0U);  // blocks of CPU 0
    std::uint64_t runs = 0;
    for (std::uint64_t blocks = numbers.next(); blocks > 0; --blocks) {
        EXPECT_EQ(numbers.next(), 0U);  // each begins where the last one ended
        for (std::uint64_t left = numbers.next(); left > 0; --left, ++runs) {
            EXPECT_EQ(numbers.next(), 10U * 8 + static_cast<std::uint64_t>(Left::asleep));
            EXPECT_EQ(numbers.next(), 5U);
            EXPECT_EQ(numbers.next(), 3U * 8 + static_cast<std::uint64_t>(Cause::self));
        }
    }
    EXPECT_EQ(runs, 1000U);
    EXPECT_TRUE(numbers.ended());
}

// The runs around the longest wait are there however many come behind it.
TEST(HtmlRunStore, WhatIsAroundTheLongestWaitStays) {
    constexpr std::size_t most = 20'000;
    RunStore store(1, most);
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        const bool longest = i == 30'000;
        const std::uint64_t from = i * 1000;
        if (longest) {
            store.value(0, from - 200'000, 200'000, true);
        }
        store.add({0, from, from + 1000, longest ? 77U : 5U, Left::asleep, longest ? 200'000U : 10U,
                   Cause::contention});
        ASSERT_LE(store.bytes(), most + 100);
    }
    EXPECT_FALSE(store.complete());
    store.shrink(most / 4);
    EXPECT_LE(store.bytes(), most / 4);
    Numbers numbers(store.column());
    std::uint64_t tick = 0;
    std::uint64_t in_it = 0;
    bool seen = false;
    for (std::uint64_t blocks = numbers.next(); blocks > 0; --blocks) {
        tick += numbers.next();
        for (std::uint64_t left = numbers.next(); left > 0; --left) {
            in_it += tick >= 298'000 && tick < 300'000 ? 1 : 0;
            tick += numbers.next() / 8;
            seen = seen || numbers.next() == 77;
            numbers.next();
        }
    }
    EXPECT_TRUE(seen);
    EXPECT_EQ(in_it, 200U);
}

TEST(HtmlCast, IsBounded) {
    Cast cast(GroupBy::thread, nullptr);
    for (std::uint32_t tid = 1; tid < 60'000; ++tid) {
        cast.task(task(tid, "t"), 0);
    }
    EXPECT_EQ(cast.actors().size(), Cast::most_actors);
    EXPECT_LE(cast.tasks().size(), Cast::most_tasks + Cast::most_actors);
}

TEST(HtmlCast, ProcessesOfANameAreOneActorAndAQuotaHasAnOwner) {
    KnownNames names;
    names.learn(ProcessInfo{10, Comm::from("web"), 1, {}});
    names.learn(ProcessInfo{20, Comm::from("web"), 1, {}});
    names.learn(CgroupInfo{7, "/a/b", 1000, 100'000, 6, "/a"});
    Cast cast(GroupBy::process, &names);
    const auto one = cast.actor_of(cast.task({11, 10, Comm::from("worker")}, 0));
    EXPECT_EQ(one, cast.actor_of(cast.task({20, 20, Comm::from("web")}, 0)));
    EXPECT_NE(one, cast.actor_of(cast.task({20, 20, Comm::from("chrt")}, 0)));  // before its exec()
    EXPECT_EQ(cast.actors()[one].label, "web");
    EXPECT_TRUE(cast.actors()[one].several);
    EXPECT_EQ(cast.actors()[cast.part(PartKind::throttled, 7)].label, "/a");
    EXPECT_EQ(cast.task({0, 0, Comm::from("swapper/0")}, 0), Cast::idle);
}

}  // namespace
}  // namespace rqs::html
