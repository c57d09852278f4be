// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/mounts.h"

#include <gtest/gtest.h>

#include <string>

namespace rqs {
namespace {

const std::string systemd =
    "24 31 0:22 / /proc rw,nosuid - proc proc rw\n"
    "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string hybrid =
    "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:1 master:2 - cgroup cgroup "
    "rw,cpu,cpuacct\n"
    "33 30 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
    "40 30 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

TEST(Mounts, ReadsLinesWithAnyNumberOfOptionalFields) {
    const auto mounts = parse_mountinfo(hybrid);
    ASSERT_EQ(mounts.size(), 3U);
    EXPECT_EQ(mounts[0].root, "/");
    EXPECT_EQ(mounts[0].point, "/sys/fs/cgroup/cpu,cpuacct");
    EXPECT_EQ(mounts[0].type, "cgroup");
    EXPECT_EQ(mounts[0].super_options, "rw,cpu,cpuacct");
    EXPECT_EQ(mounts[2].type, "cgroup2");
}

TEST(Mounts, DecodesBlanksInPaths) {
    const auto mounts = parse_mountinfo("1 2 0:3 /a\\134b /mnt/x\\040y\\9 rw - ext4 /dev/x rw\n");
    ASSERT_EQ(mounts.size(), 1U);
    EXPECT_EQ(mounts[0].root, "/a\\b");
    EXPECT_EQ(mounts[0].point, "/mnt/x y\\9");
}

TEST(Mounts, SkipsLinesThatAreCutShort) {
    const std::string line = "35 24 0:30 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw";
    const std::size_t needed = line.rfind(' ') + 1;
    for (std::size_t size = 0; size <= needed; ++size) {
        EXPECT_TRUE(parse_mountinfo(line.substr(0, size)).empty()) << size;
    }
    EXPECT_EQ(parse_mountinfo(line.substr(0, needed) + "\n\n" + line).size(), 1U);
}

TEST(Mounts, FindsHierarchies) {
    EXPECT_EQ(find_cgroup_v2(parse_mountinfo(systemd))->point, "/sys/fs/cgroup");
    EXPECT_FALSE(find_cgroup_v1(parse_mountinfo(systemd), "cpu"));
    const auto mounts = parse_mountinfo(hybrid);
    EXPECT_EQ(find_cgroup_v2(mounts)->point, "/sys/fs/cgroup/unified");
    EXPECT_EQ(find_cgroup_v1(mounts, "cpu")->point, "/sys/fs/cgroup/cpu,cpuacct");
    EXPECT_EQ(find_cgroup_v1(mounts, "cpuset")->point, "/sys/fs/cgroup/cpuset");
    EXPECT_FALSE(find_cgroup_v1(mounts, "cpus"));
    EXPECT_FALSE(find_cgroup_v2({}));
}

TEST(Mounts, PrefersTheMountThatShowsAll) {
    const std::string part = "50 1 0:30 /docker/x /mnt/part rw - cgroup2 cgroup2 rw\n";
    EXPECT_EQ(find_cgroup_v2(parse_mountinfo(part + systemd))->point, "/sys/fs/cgroup");
    EXPECT_EQ(find_cgroup_v2(parse_mountinfo(systemd + part))->point, "/sys/fs/cgroup");
    EXPECT_EQ(find_cgroup_v2(parse_mountinfo(part + part))->point, "/mnt/part");
}

TEST(HasWord, ComparesWholeWords) {
    EXPECT_TRUE(has_word("rw,cpu", "cpu", ","));
    EXPECT_TRUE(has_word("cpuset cpu io\n", "io", " \n"));
    EXPECT_FALSE(has_word("rw,cpuset,xcpu", "cpu", ","));
    EXPECT_FALSE(has_word("", "cpu", ","));
}

}  // namespace
}  // namespace rqs
