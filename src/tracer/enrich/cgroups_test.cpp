// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/cgroups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cstdint>
#include <string>

#include "enrich/mounts.h"

namespace rqs {
namespace {

using ::testing::HasSubstr;

std::uint64_t inode_of(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

/// Where a hierarchy of v2 is mounted; empty if nowhere.
std::string v2_mount() {
    const auto mount = find_cgroup_v2(read_mounts(util::Procfs()));
    return mount ? mount->point : "";
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

}  // namespace
}  // namespace rqs
