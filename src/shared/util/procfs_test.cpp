// SPDX-License-Identifier: BSD-2-Clause
#include "util/procfs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "util/folder_for_test.h"

namespace rqs::util {
namespace {

const std::string tail = " S 12 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 3\n";

TEST(ProcStat, ReadsFields) {
    const auto stat = parse_proc_stat("42 (cat)" + tail);
    ASSERT_TRUE(stat);
    EXPECT_EQ(stat->comm, "cat");
    EXPECT_EQ(stat->state, 'S');
    EXPECT_EQ(stat->ppid, 12U);
    EXPECT_EQ(stat->start_ticks, 987654U);
}

TEST(ProcStat, HostileNamesDoNotShiftFields) {
    for (const std::string name : {") R 1 (", "a b", "(((", ")))", "", "\n", "x) S 99 1 1 0"}) {
        const auto stat = parse_proc_stat("42 (" + name + ")" + tail);
        ASSERT_TRUE(stat) << name;
        EXPECT_EQ(stat->comm, name);
        EXPECT_EQ(stat->ppid, 12U) << name;
    }
}

TEST(ProcStat, RefusesWhatIsCutShort) {
    const std::string whole = "42 (cat)" + tail;
    const std::size_t needed = whole.find("987654");
    for (std::size_t size = 0; size <= needed; ++size) {
        EXPECT_FALSE(parse_proc_stat(whole.substr(0, size))) << size;
    }
    EXPECT_FALSE(parse_proc_stat(")("));
}

TEST(SchedStatText, ReadsThreeNumbers) {
    const auto stat = parse_schedstat("1 22 333\n");
    ASSERT_TRUE(stat);
    EXPECT_EQ(stat->run_ns, 1U);
    EXPECT_EQ(stat->wait_ns, 22U);
    EXPECT_EQ(stat->slices, 333U);
    for (const char* text : {"", "1", "1 2", "1 2 x", "-1 2 3", "1 2 99999999999999999999999"}) {
        EXPECT_FALSE(parse_schedstat(text)) << text;
    }
}

class ProcfsTest : public ::testing::Test {
  protected:
    FolderForTest temporary_;
    std::filesystem::path root_ = temporary_.path();
};

TEST_F(ProcfsTest, ReadsAFakeTree) {
    std::filesystem::create_directories(root_ / "7" / "ns");
    std::ofstream(root_ / "7" / "status") << "Name:\tTgid:\nTgidX:\t1\nTgid:\t 5 \nEmpty:\n";
    std::ofstream(root_ / "7" / "stat") << "7 (x)" << tail;
    std::filesystem::create_symlink("pid:[1]", root_ / "7" / "ns" / "pid");
    const Procfs procfs(root_);
    EXPECT_EQ(procfs.process_of(7), 5U);
    EXPECT_EQ(procfs.process_of(8), std::nullopt);
    EXPECT_EQ(procfs.field("7/status", "Empty"), "");
    EXPECT_EQ(procfs.field("7/status", "Missing"), std::nullopt);
    EXPECT_EQ(procfs.read_link("7/ns/pid"), "pid:[1]");
    EXPECT_EQ(procfs.read_link("7/ns/none"), std::nullopt);
    ASSERT_TRUE(procfs.stat(7));
    EXPECT_EQ(procfs.stat(7)->start_ticks, 987654U);
    EXPECT_TRUE(procfs.exists("7/status"));
    EXPECT_FALSE(procfs.exists("8"));
    EXPECT_FALSE(procfs.read("7"));  // a directory
    EXPECT_EQ(procfs.own_process(), std::nullopt);
    std::filesystem::create_symlink("7", root_ / "self");
    EXPECT_EQ(procfs.own_process(), 7U);
}

TEST_F(ProcfsTest, ListsNumbersOnly) {
    for (const char* name : {"1", "20", "self", "3x", "99999999999", "-1"}) {
        std::filesystem::create_directories(root_ / name);
    }
    ProcDir dir(root_.string());
    ASSERT_TRUE(dir.valid());
    std::vector<IdEntry> ids;
    for (int round = 0; round < 2; ++round) {
        dir.list_ids(ids);
        std::vector<std::uint32_t> numbers;
        for (const IdEntry& entry : ids) {
            numbers.push_back(entry.id);
            EXPECT_NE(entry.inode, 0U);
        }
        std::sort(numbers.begin(), numbers.end());
        EXPECT_EQ(numbers, (std::vector<std::uint32_t>{1, 20}));
    }
    EXPECT_FALSE(ProcDir((root_ / "none").string()).valid());
    EXPECT_FALSE(ProcDir(dir, "none").valid());
}

TEST(ProcfsLive, SeesItself) {
    const Procfs procfs;
    const auto pid = static_cast<std::uint32_t>(::getpid());
    EXPECT_EQ(procfs.process_of(pid), pid);
    EXPECT_EQ(procfs.own_process(), pid);
    ASSERT_TRUE(procfs.stat(pid));
    EXPECT_EQ(procfs.stat(pid)->ppid, static_cast<std::uint32_t>(::getppid()));
}

}  // namespace
}  // namespace rqs::util
