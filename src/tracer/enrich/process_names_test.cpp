// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/process_names.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "util/folder_for_test.h"

namespace rqs {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t second_ns = 1'000'000'000;

/// A /proc of processes that a test makes and ends.
class ProcessNamesTest : public ::testing::Test {
  protected:
    ProcessNamesTest() { put(1, "systemd", 0); }
    void put(std::uint32_t pid, const std::string& comm, std::uint32_t ppid) const {
        const fs::path directory = root_ / std::to_string(pid);
        fs::create_directories(directory);
        std::ofstream(directory / "stat")
            << fmt::format("{} ({}) S {} 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 3\n",
                           pid, comm, ppid);
    }
    void end(std::uint32_t pid) const { fs::remove_all(root_ / std::to_string(pid)); }
    [[nodiscard]] std::string comm_of(std::uint32_t pid) {
        const ProcessInfo* const info = names().look_up(pid);
        return info != nullptr ? std::string(info->comm.view()) : "";
    }
    ProcessNames& names() {
        if (!names_) {
            names_.emplace(util::Procfs(root_.string()));
            names_->begin_round(second_ns);
        }
        return *names_;
    }

    util::FolderForTest temporary_;
    fs::path root_ = temporary_.path();
    std::optional<ProcessNames> names_;
};

TEST_F(ProcessNamesTest, KnowsAProcessAndItsParent) {
    put(70, "nginx", 1);
    put(71, ") R 1 (worker", 70);
    const ProcessInfo* const info = names().look_up(71);
    ASSERT_NE(info, nullptr);
    EXPECT_EQ(info->pid, 71U);
    EXPECT_EQ(info->comm.view(), ") R 1 (worker");
    EXPECT_EQ(info->ppid, 70U);
    EXPECT_EQ(info->parent_comm.view(), "nginx");
    EXPECT_EQ(names().look_up(1)->parent_comm.view(), "");
}

TEST_F(ProcessNamesTest, FollowsChangesWithinASecondOrTwo) {
    put(70, "sh", 1);
    EXPECT_EQ(comm_of(70), "sh");
    put(70, "make", 1);
    EXPECT_EQ(comm_of(70), "sh") << "read twice within the second";
    names().begin_round(2 * second_ns + 1);
    EXPECT_EQ(comm_of(70), "make");
    // The id is given to another process, of another parent that nobody knows.
    put(70, "ls", 69);
    names().begin_round(4 * second_ns);
    EXPECT_EQ(comm_of(70), "ls");
    EXPECT_EQ(names().look_up(70)->parent_comm.view(), "");
}

TEST_F(ProcessNamesTest, RemembersTheEndedAndDoesNotAskForTheGone) {
    put(70, "brief", 1);
    EXPECT_EQ(comm_of(70), "brief");
    end(70);
    EXPECT_EQ(names().look_up(80), nullptr);
    put(80, "late", 1);
    EXPECT_EQ(names().look_up(80), nullptr) << "asked again within the second";
    names().begin_round(3 * second_ns);
    EXPECT_EQ(comm_of(70), "brief");
    EXPECT_EQ(comm_of(80), "late");
}

TEST_F(ProcessNamesTest, LeavesTheRestToTheNextPeriod) {
    constexpr std::uint32_t first = 1000;
    constexpr std::uint32_t count = ProcessNames::reads_per_period;
    for (std::uint32_t i = 0; i < count; ++i) {
        put(first + i, "many", 1);
    }
    std::uint32_t found = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        found += names().look_up(first + i) != nullptr ? 1U : 0U;
    }
    EXPECT_EQ(found, count - 1) << "one of the reads was the parent's";
    EXPECT_EQ(comm_of(first), "many") << "what is known costs nothing";
    names().begin_round(second_ns + ReadBudget::period_ns);
    EXPECT_EQ(comm_of(first + count - 1), "many");
}

TEST_F(ProcessNamesTest, KeepsABoundedNumber) {
    put(70, "kept", 1);
    constexpr std::uint32_t first = 100'000;
    for (std::uint32_t i = 0; i < ProcessNames::capacity + 1000; ++i) {
        if (i % 100 == 0) {
            names().begin_round(second_ns + i * ReadBudget::period_ns);
            EXPECT_EQ(comm_of(70), "kept");
        }
        (void)names().look_up(first + i);
        ASSERT_LE(names().size(), ProcessNames::capacity);
    }
    EXPECT_EQ(names().size(), ProcessNames::capacity);
}

TEST_F(ProcessNamesTest, KernelWorkersHaveOneName) {
    put(2, "kthreadd", 0);
    put(70, "kworker/0:1-events", 2);
    put(71, "kworker/u8:2+flush-8:0", 2);
    put(72, "kworker/R-rcu_g", 2);
    put(73, "kworker/0:1-fake", 1);
    EXPECT_EQ(comm_of(70), "kworker/0:1");
    EXPECT_EQ(comm_of(71), "kworker/u8:2");
    EXPECT_EQ(comm_of(72), "kworker/R-rcu_g");
    EXPECT_EQ(comm_of(73), "kworker/0:1-fak");  // a comm ends after 15 bytes
}

TEST(ProcessNamesLive, SeesItself) {
    ProcessNames names;
    const ProcessInfo* const info = names.look_up(static_cast<std::uint32_t>(::getpid()));
    ASSERT_NE(info, nullptr);
    EXPECT_EQ(info->ppid, static_cast<std::uint32_t>(::getppid()));
    EXPECT_NE(info->comm.view(), "");
}

}  // namespace
}  // namespace rqs
