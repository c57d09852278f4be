// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/cgroup_names.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "enrich/cgroups.h"
#include "enrich/mounts.h"
#include "util/folder_for_test.h"

namespace rqs {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t second_ns = 1'000'000'000;

std::uint64_t inode_of(const fs::path& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

/// Hierarchies in a directory that is no cgroup file system: ids are found by walking.
class CgroupNamesTest : public ::testing::Test {
  protected:
    CgroupNamesTest() {
        fs::create_directories(root_ / "proc/self");
        fs::create_directories(root_ / "v2");
        put("proc/self/cgroup", "0::/\n");
        put("proc/self/mountinfo", v2_line());
    }
    void put(const std::string& name, const std::string& text) const {
        std::ofstream(root_ / name) << text;
    }
    [[nodiscard]] std::string v2_line() const {
        return "30 25 0:26 / " + (root_ / "v2").string() + " rw - cgroup2 cgroup2 rw\n";
    }
    /// Moves the cpu controller into a v1 hierarchy.
    void use_v1() const {
        fs::create_directories(root_ / "v1");
        put("proc/self/cgroup", "1:cpu,cpuacct:/\n0::/\n");
        put("proc/self/mountinfo", v2_line() + "31 25 0:27 / " + (root_ / "v1").string() +
                                       " rw - cgroup cgroup rw,cpu,cpuacct\n");
    }
    [[nodiscard]] std::uint64_t make(const std::string& name) const {
        fs::create_directories(root_ / name);
        return inode_of(root_ / name);
    }
    [[nodiscard]] CgroupNames names() const {
        return CgroupNames(util::Procfs((root_ / "proc").string()));
    }

    util::FolderForTest temporary_;
    fs::path root_ = temporary_.path();
};

TEST_F(CgroupNamesTest, KnowsPathsBelowTheMountPoint) {
    const std::uint64_t deep = make("v2/system.slice/web.service");
    CgroupNames names = this->names();
    ASSERT_NE(names.look_up(deep), nullptr);
    EXPECT_EQ(names.look_up(deep)->id, deep);
    EXPECT_EQ(names.look_up(deep)->path, "/system.slice/web.service");
    EXPECT_EQ(names.look_up(deep)->quota_us, std::nullopt);
    EXPECT_EQ(names.name(inode_of(root_ / "v2")), "/");
    EXPECT_EQ(names.look_up_v2(deep)->path, "/system.slice/web.service");
}

TEST_F(CgroupNamesTest, NamesTheCgroupWhoseQuotaIsTightest) {
    const std::uint64_t leaf = make("v2/pod/box/leaf");
    put("v2/pod/cpu.max", "50000 100000\n");
    put("v2/pod/box/cpu.max", "40000 100000\n");
    put("v2/pod/box/leaf/cpu.max", "max 100000\n");
    CgroupNames names = this->names();
    const CgroupInfo* info = names.look_up(leaf);
    ASSERT_NE(info, nullptr);
    EXPECT_EQ(info->quota_us, 40000U);
    EXPECT_EQ(info->period_us, 100000U);
    EXPECT_EQ(info->quota_path, "/pod/box");
    EXPECT_EQ(info->quota_cgroup_id, inode_of(root_ / "v2/pod/box"));

    // A share counts, not a number: 30 of 50 ms is more than 50 of 100.
    put("v2/pod/box/cpu.max", "30000 50000\n");
    names.begin_round(2 * second_ns);
    info = names.look_up(leaf);
    EXPECT_EQ(info->quota_us, 50000U);
    EXPECT_EQ(info->quota_path, "/pod");

    put("v2/pod/cpu.max", "max 100000\n");
    put("v2/pod/box/cpu.max", "max 100000\n");
    names.begin_round(4 * second_ns);
    EXPECT_EQ(names.look_up(leaf)->quota_us, std::nullopt);
}

TEST_F(CgroupNamesTest, KnowsTheWeightOfEach) {
    const std::uint64_t id = make("v2/pod");
    put("v2/pod/cpu.weight", "39\n");
    CgroupNames names = this->names();
    ASSERT_NE(names.look_up(id), nullptr);
    EXPECT_EQ(names.look_up(id)->weight, 39U);
    EXPECT_EQ(names.look_up(inode_of(root_ / "v2"))->weight, std::nullopt);
    put("v2/pod/cpu.weight", "200\n");
    names.begin_round(2 * second_ns);
    EXPECT_EQ(names.look_up(id)->weight, 200U);
    fs::remove(root_ / "v2/pod/cpu.weight");  // the controller was taken from it
    names.begin_round(4 * second_ns);
    EXPECT_EQ(names.look_up(id)->weight, std::nullopt);
}

TEST_F(CgroupNamesTest, KnowsSharesWhereTheCpuControllerIsV1) {
    use_v1();
    const std::uint64_t id = make("v1/batch");
    put("v1/batch/cpu.shares", "512\n");
    CgroupNames names = this->names();
    ASSERT_NE(names.look_up(id), nullptr);
    EXPECT_EQ(names.look_up(id)->weight, 512U);
}

TEST_F(CgroupNamesTest, KnowsBothHierarchiesWhereTheCpuControllerIsV1) {
    use_v1();
    const std::uint64_t in_v1 = make("v1/batch");
    const std::uint64_t in_v2 = make("v2/user.slice");
    put("v1/batch/cpu.cfs_quota_us", "20000\n");
    put("v1/batch/cpu.cfs_period_us", "100000\n");
    put("v1/cpu.cfs_quota_us", "-1\n");
    put("v1/cpu.cfs_period_us", "100000\n");
    CgroupNames names = this->names();
    ASSERT_NE(names.look_up(in_v1), nullptr);
    EXPECT_EQ(names.look_up(in_v1)->path, "/batch");
    EXPECT_EQ(names.look_up(in_v1)->quota_us, 20000U);
    EXPECT_EQ(names.look_up(in_v1)->quota_path, "/batch");
    EXPECT_EQ(names.look_up(in_v2), nullptr);
    EXPECT_EQ(names.look_up_v2(in_v1), nullptr);
    ASSERT_NE(names.look_up_v2(in_v2), nullptr);
    EXPECT_EQ(names.look_up_v2(in_v2)->path, "/user.slice");
}

TEST_F(CgroupNamesTest, FindsWhatIsNewWithinASecondOrTwo) {
    CgroupNames names = this->names();
    names.begin_round(second_ns);
    EXPECT_EQ(names.look_up(12345678), nullptr);
    const std::uint64_t fresh = make("v2/new");
    EXPECT_EQ(names.look_up(fresh), nullptr) << "a second walk within the second";
    names.begin_round(2 * second_ns + 1);
    ASSERT_NE(names.look_up(fresh), nullptr);
    EXPECT_EQ(names.look_up(fresh)->path, "/new");
}

TEST_F(CgroupNamesTest, RemembersWhatWasRemoved) {
    const std::uint64_t id = make("v2/brief");
    put("v2/brief/cpu.max", "1000 100000\n");
    CgroupNames names = this->names();
    ASSERT_NE(names.look_up(id), nullptr);
    fs::remove_all(root_ / "v2/brief");
    names.begin_round(5 * second_ns);
    ASSERT_NE(names.look_up(id), nullptr);
    EXPECT_EQ(names.look_up(id)->path, "/brief");
    EXPECT_EQ(names.look_up(id)->quota_us, 1000U);
}

TEST_F(CgroupNamesTest, WhatWasNeverThereIsNamedByItsId) {
    CgroupNames names = this->names();
    EXPECT_EQ(names.name(18'446'744'073'709'551'000U), "cgroup:18446744073709551000");
    EXPECT_EQ(names.name(18'446'744'073'709'551'000U), "cgroup:18446744073709551000");
    put("proc/self/mountinfo", "");
    CgroupNames nothing_mounted = this->names();
    EXPECT_EQ(nothing_mounted.name(1), "cgroup:1");
    EXPECT_EQ(nothing_mounted.look_up_v2(1), nullptr);
}

TEST_F(CgroupNamesTest, LeavesTheRestToTheNextPeriod) {
    CgroupNames names = this->names();
    names.begin_round(second_ns);
    for (std::uint64_t id = 0; id < CgroupNames::reads_per_period; ++id) {
        EXPECT_EQ(names.look_up(1'000'000'000'000 + id), nullptr);
    }
    const std::uint64_t id = make("v2/late");
    names.begin_round(3 * second_ns);
    for (std::uint64_t other = 0; other < CgroupNames::reads_per_period; ++other) {
        (void)names.look_up(2'000'000'000'000 + other);
    }
    put("v2/late/cpu.max", "1000 100000\n");
    // Its path was met on the walk, but its quota is not read before the next period.
    EXPECT_EQ(names.look_up(id), nullptr);
    names.begin_round(3 * second_ns + ReadBudget::period_ns - 1);
    EXPECT_EQ(names.look_up(id), nullptr) << "a round is no period";
    names.begin_round(3 * second_ns + ReadBudget::period_ns);
    ASSERT_NE(names.look_up(id), nullptr);
    EXPECT_EQ(names.look_up(id)->quota_us, 1000U);
}

TEST_F(CgroupNamesTest, KeepsABoundedNumber) {
    CgroupTree tree((root_ / "v2").string(), QuotaFiles::none, 8);
    ReadBudget budget(1000);
    const std::uint64_t kept = make("v2/kept");
    ASSERT_NE(tree.look_up(kept, budget), nullptr);
    for (std::uint64_t id = 0; id < 100; ++id) {
        (void)tree.look_up(1'000'000'000'000 + id, budget);
        EXPECT_LE(tree.size(), 8U);
        EXPECT_NE(tree.look_up(kept, budget), nullptr) << "in use, so not forgotten";
    }
}

TEST_F(CgroupNamesTest, AWalkIsBoundedAndGoesOnLater) {
    constexpr std::size_t walk_limit = 20;
    constexpr std::size_t groups = walk_limit * 2 + 10;
    for (std::size_t i = 0; i < groups; ++i) {
        fs::create_directory(root_ / "v2" / std::to_string(i));
    }
    CgroupTree tree((root_ / "v2").string(), QuotaFiles::none, groups * 2, walk_limit);
    ReadBudget budget(1000);
    const std::array<std::size_t, 3> known{walk_limit + 2, walk_limit * 2 + 2, groups + 2};
    for (std::size_t round = 0; round < known.size(); ++round) {
        budget.begin_round((round + 1) * 2 * second_ns);
        EXPECT_EQ(tree.look_up(18'446'744'073'709'551'000U, budget), nullptr);
        EXPECT_EQ(tree.size(), known.at(round));  // with the root, and the id that is not there
    }
}

/// The real thing: by handle where we may, by walking else.
TEST(CgroupNamesLive, FindsACgroupAndItsQuota) {
    const bool v1 = cpu_controller_is_v1();
    const auto mounts = read_mounts(util::Procfs());
    const auto mount = v1 ? find_cgroup_v1(mounts, "cpu") : find_cgroup_v2(mounts);
    const std::string name = "/rqs-names-" + std::to_string(::getpid());
    if (!mount || mount->root != "/" || ::mkdir((mount->point + name).c_str(), 0755) != 0) {
        GTEST_SKIP() << "cannot make a cgroup here";
    }
    const std::uint64_t id = inode_of(mount->point + name);
    CgroupNames names;
    const CgroupInfo* info = names.look_up(id);
    const std::string path = info != nullptr ? info->path : "";
    ::rmdir((mount->point + name).c_str());
    EXPECT_EQ(path, name);
    names.begin_round(2 * second_ns);
    EXPECT_EQ(names.name(id), name) << "remembered";
    EXPECT_EQ(names.name(inode_of(mount->point)), "/");
}

}  // namespace
}  // namespace rqs
