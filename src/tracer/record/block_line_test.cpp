// SPDX-License-Identifier: BSD-2-Clause
#include "record/block_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace rqs::record {
namespace {

/// A disk that can be held up, or be full.
class Disk final : public BlockStore {
  public:
    Status put(PackedBlock block) override {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !stalled_; });
        if (blocks.size() >= room) {
            return fail("the disk is full");
        }
        blocks.push_back(block.summary.waits_before);
        bytes_ += block.frame.size();
        return {};
    }
    Status finish(const RunEnding& /*ending*/) override { return {}; }
    [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

    void stall(bool stalled) {
        {
            const std::lock_guard lock(mutex_);
            stalled_ = stalled;
        }
        changed_.notify_all();
    }

    std::vector<std::uint64_t> blocks;  // their waits_before
    std::size_t room = SIZE_MAX;

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stalled_ = false;
    std::uint64_t bytes_ = 0;
};

Block block(std::uint64_t number, std::size_t bytes = 10000) {
    Block made;
    made.summary.waits_before = number;
    made[Column::bits].resize(bytes);  // which are not compressed
    return made;
}

class Lines : public ::testing::TestWithParam<unsigned> {
  protected:
    Disk disk_;
};

TEST_P(Lines, StoreEverythingInOrder) {
    BlockLine line(disk_, {GetParam()});
    for (std::uint64_t i = 0; i < 200; ++i) {
        line.put(block(i, 1 + (i * 7919) % 100000));
    }
    ASSERT_TRUE(line.settle());
    EXPECT_EQ(line.stored_bytes(), disk_.bytes());
    ASSERT_EQ(disk_.blocks.size(), 200U);
    EXPECT_TRUE(std::is_sorted(disk_.blocks.begin(), disk_.blocks.end()));
}

TEST_P(Lines, StoreWhatIsInLineWhenTheyGo) {
    {
        BlockLine line(disk_, {GetParam()});
        for (std::uint64_t i = 0; i < 20; ++i) {
            line.put(block(i));
        }
    }
    EXPECT_EQ(disk_.blocks.size(), 20U);
}

TEST_P(Lines, RunTasksInTheirTurn) {
    BlockLine line(disk_, {GetParam()});
    std::size_t stored = 0;
    line.put(block(0));
    line.put(block(1));
    line.run([&] { stored = disk_.blocks.size(); });
    line.put(block(2));
    ASSERT_TRUE(line.settle());
    EXPECT_EQ(stored, 2U);
}

TEST_P(Lines, EndAtTheFirstErrorAndSayIt) {
    disk_.room = 3;
    BlockLine line(disk_, {GetParam()});
    for (std::uint64_t i = 0; i < 10; ++i) {
        line.put(block(i));
    }
    const auto settled = line.settle();
    ASSERT_FALSE(settled);
    EXPECT_EQ(settled.error().message, "the disk is full");
    EXPECT_TRUE(line.done());
    EXPECT_EQ(disk_.blocks.size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Threads, Lines, ::testing::Values(0, 1, 4));

// The caller is not held up by a disk that stands still, until the line is full.
TEST(BlockLine, TakesBlocksWhileTheDiskStandsStill) {
    Disk disk;
    disk.stall(true);
    BlockLine line(disk, {1, 1'000'000});
    for (std::uint64_t i = 0; i < 90; ++i) {
        line.put(block(i));
    }
    EXPECT_EQ(line.stored_bytes(), 0U);
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        disk.stall(false);
    });
    for (std::uint64_t i = 90; i < 200; ++i) {
        line.put(block(i));
    }
    later.join();
    // More than the line holds was put, so some of it has been stored.
    EXPECT_GT(line.stored_bytes(), 0U);
    ASSERT_TRUE(line.settle());
    EXPECT_EQ(disk.blocks.size(), 200U);
}

TEST(BlockLine, TakesMoreThreadsWithMoreCpusButFew) {
    EXPECT_EQ(packing_threads(1), 1U);
    EXPECT_EQ(packing_threads(64), 2U);
    EXPECT_EQ(packing_threads(8192), 4U);
}

}  // namespace
}  // namespace rqs::record
