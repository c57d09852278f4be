// SPDX-License-Identifier: BSD-2-Clause
// Recordings that were made to do harm: whole by their checksums, wrong in what they say.
#include "sources/recording.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "record/file_store.h"
#include "record/recorder.h"
#include "record/records_for_test.h"
#include "util/folder_for_test.h"

namespace rqs {
namespace {

namespace fs = std::filesystem;
constexpr std::uint32_t cpus = 2;

class HostileRecording : public ::testing::Test {
  protected:
    HostileRecording() {
        path_ = (folder_ / "x.rec").string();
        RecordingInfo info;
        info.cpus = cpus;
        store_ = record::FileStore::open(path_, info, {}).value();
        recorder_.emplace(*store_);
    }
    void add_wait(std::uint32_t cpu) {
        clock_ns_ += 1000;
        Switch record;
        record.cpu = cpu;
        record.clock_ns = clock_ns_;
        record.came.emplace().ts_ns = clock_ns_;
        recorder_->on_switch(record);
    }
    /// What a report is told of it.
    void read() {
        EXPECT_TRUE(recorder_->finish(clock_ns_, {}));
        read_file();
    }
    void read_file() {
        auto source = RecordingSource::open({path_});
        EXPECT_TRUE(source) << source.error().message;
        while (!(*source)->ended()) {
            EXPECT_TRUE((*source)->poll({}, witness_));
        }
        damage_ = (*source)->damage();
        lost_ = (*source)->counters().lost;
    }
    [[nodiscard]] std::size_t switches() const {
        return static_cast<std::size_t>(
            std::count_if(witness_.lines.begin(), witness_.lines.end(),
                          [](const std::string& line) { return line.rfind("switch", 0) == 0; }));
    }

    util::FolderForTest temporary_;
    fs::path folder_ = temporary_.path();
    std::string path_;
    std::unique_ptr<record::FileStore> store_;
    std::optional<record::Recorder> recorder_;
    std::uint64_t clock_ns_ = 1'000'000;
    record::Witness witness_;
    std::vector<std::string> damage_;
    std::uint64_t lost_ = 0;
};

// Whoever reads keeps a timeline of each CPU: a number that the machine has not got costs nothing.
TEST_F(HostileRecording, ABlockOfACpuThatIsNotThereIsDamage) {
    add_wait(0);
    add_wait(1);
    recorder_->cut();
    add_wait(0);
    add_wait(cpus);
    add_wait(1);
    recorder_->cut();
    add_wait(1);
    read();
    EXPECT_EQ(switches(), 4U) << "two, one before the wrong one, one behind its block";
    ASSERT_EQ(damage_.size(), 1U);
    EXPECT_NE(damage_[0].find("x.rec: a block is not what the format says; 2 waits are missing"),
              std::string::npos)
        << damage_[0];
    EXPECT_EQ(lost_, 2U);
    for (const std::string& line : witness_.lines) {
        EXPECT_NE(line.rfind("switch 2 ", 0), 0U) << line;
    }
}

TEST_F(HostileRecording, SoIsAThrottlingOfACpuThatIsNotThere) {
    recorder_->on_throttle({UINT32_MAX, 1, 5, 6, 7, 8});
    add_wait(0);
    recorder_->cut();
    add_wait(1);
    read();
    EXPECT_EQ(switches(), 1U);
    EXPECT_EQ(damage_.size(), 1U);
    EXPECT_EQ(lost_, 1U);
}

// However many blocks are none, what is said of them stays short.
TEST_F(HostileRecording, MuchDamageIsCountedAndNotListed) {
    constexpr std::size_t bad_blocks = 50;
    for (std::size_t i = 0; i < bad_blocks; ++i) {
        recorder_->on_throttle({UINT32_MAX, 1, 5, 6, 7, 8});
        add_wait(0);
        recorder_->cut();
    }
    read();
    EXPECT_EQ(lost_, bad_blocks);
    ASSERT_EQ(damage_.size(), RecordingSource::most_damage + 1);
    EXPECT_EQ(damage_.back(), "30 more places are damaged");
}

// No block comes after it that would say how many waits came before: the index does.
TEST_F(HostileRecording, ALastBlockThatIsMissingIsCounted) {
    for (int i = 0; i < 3; ++i) {
        add_wait(0);
        add_wait(1);
        recorder_->cut();
    }
    ASSERT_TRUE(recorder_->finish(clock_ns_, {}));
    const std::string bytes = [&] {
        std::ifstream file(path_, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }();
    const auto index = record::RecordingReader::open(path_)->index();
    ASSERT_TRUE(index && index->size() == 3U);
    std::string bad = bytes;
    bad[index->back().offset + record::header_bytes] ^= 1;
    std::ofstream(path_, std::ios::binary) << bad;
    read_file();
    EXPECT_EQ(switches(), 4U);
    EXPECT_EQ(lost_, 2U);
    EXPECT_EQ(damage_.size(), 2U) << "the waits, and the bytes";
}

}  // namespace
}  // namespace rqs
