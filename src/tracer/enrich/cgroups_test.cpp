// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/cgroups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

namespace rqs {
namespace {

using ::testing::HasSubstr;

std::uint64_t inode_of(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

/// Where a hierarchy of v2 is mounted; empty if nowhere.
std::string v2_mount() {
    std::ifstream mounts("/proc/self/mounts");
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream fields(line);
        std::string device;
        std::string point;
        std::string type;
        fields >> device >> point >> type;
        if (type == "cgroup2") {
            return point;
        }
    }
    return {};
}

TEST(LocateV2Cgroup, SaysWhatIsWrongWithAPath) {
    const auto missing = locate_v2_cgroup("/no/such/group");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ExitCode::usage);
    EXPECT_THAT(missing.error().message, HasSubstr("/no/such/group"));

    const auto other = locate_v2_cgroup("/proc");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ExitCode::usage);
    EXPECT_THAT(other.error().message, HasSubstr("not in a cgroup v2 hierarchy"));
}

TEST(LocateV2Cgroup, TellsAFileFromAGroup) {
    const std::string mount = v2_mount();
    if (mount.empty()) {
        GTEST_SKIP() << "no cgroup v2 hierarchy is mounted here";
    }
    const auto file = locate_v2_cgroup(mount + "/cgroup.procs");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ExitCode::usage);
    EXPECT_THAT(file.error().message, HasSubstr("not a directory"));
}

TEST(LocateV2Cgroup, TheRootLiesAtDepthZero) {
    const std::string mount = v2_mount();
    if (mount.empty() || inode_of(mount) != 1) {
        GTEST_SKIP() << "the root of a cgroup v2 hierarchy is not to be seen here";
    }
    const auto root = locate_v2_cgroup(mount + "/.");
    ASSERT_TRUE(root) << root.error().message;
    EXPECT_EQ(root->id, 1U);
    EXPECT_EQ(root->level, 0U);
}

TEST(CgroupNames, WhatIsGoneIsNamedByItsId) {
    CgroupNames names;
    EXPECT_EQ(names.name(18'446'744'073'709'551'000U), "cgroup:18446744073709551000");
    // No second look within the second, and the same answer.
    EXPECT_EQ(names.name(18'446'744'073'709'551'000U), "cgroup:18446744073709551000");
}

TEST(CgroupNames, TheRootIsASlash) {
    if (cpu_controller_is_v1() || v2_mount().empty()) {
        GTEST_SKIP() << "the cpu controller is not in a v2 hierarchy here";
    }
    CgroupNames names;
    EXPECT_EQ(names.name(inode_of(v2_mount())), "/");
}

}  // namespace
}  // namespace rqs
