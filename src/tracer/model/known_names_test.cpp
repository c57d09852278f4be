// SPDX-License-Identifier: BSD-2-Clause
#include "model/known_names.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace rqs {
namespace {

ProcessInfo process(std::uint32_t pid, const std::string& comm) {
    return {pid, Comm::from(comm), 1, {}};
}

CgroupInfo cgroup(std::uint64_t id, const std::string& path) {
    CgroupInfo info;
    info.id = id;
    info.path = path;
    return info;
}

TEST(KnownNames, KnowsWhatWasTold) {
    KnownNames names;
    EXPECT_EQ(names.process(7), nullptr);
    EXPECT_EQ(names.cgroup(7), nullptr);
    names.learn(process(7, "nginx"));
    names.learn(cgroup(7, "/web"));  // the same number, another thing
    ASSERT_NE(names.process(7), nullptr);
    EXPECT_EQ(names.process(7)->comm.view(), "nginx");
    ASSERT_NE(names.cgroup(7), nullptr);
    EXPECT_EQ(names.cgroup(7)->path, "/web");
}

TEST(KnownNames, TheLastThatWasToldHolds) {
    KnownNames names;
    names.learn(process(7, "sh"));
    CgroupInfo limited = cgroup(7, "/web");
    limited.quota_us = 50'000;
    names.learn(limited);
    names.learn(process(7, "make"));
    names.learn(cgroup(7, "/web"));
    EXPECT_EQ(names.process(7)->comm.view(), "make");
    EXPECT_FALSE(names.cgroup(7)->quota_us) << "the quota was lifted";
}

TEST(KnownNames, AreBoundedHoweverManyAreTold) {
    KnownNames names;
    constexpr std::uint32_t most = KnownNames::capacity;
    for (std::uint32_t id = 1; id <= 3 * most; ++id) {
        names.learn(process(id, "task"));
        names.learn(cgroup(id, "/cgroup"));
    }
    std::uint32_t processes = 0;
    std::uint32_t cgroups = 0;
    for (std::uint32_t id = 1; id <= 3 * most; ++id) {
        processes += names.process(id) != nullptr ? 1U : 0U;
        cgroups += names.cgroup(id) != nullptr ? 1U : 0U;
    }
    EXPECT_EQ(processes, most);
    EXPECT_EQ(cgroups, most);
    EXPECT_NE(names.process(3 * most), nullptr);
}

TEST(KnownNames, WhatIsAskedForStays) {
    KnownNames names;
    names.learn(process(1, "asked"));
    names.learn(process(2, "told"));
    names.learn(process(3, "never"));
    for (std::uint32_t id = 10; id < 10 + 2 * KnownNames::capacity; ++id) {
        names.learn(process(id, "task"));
        names.learn(process(2, "told"));
        ASSERT_NE(names.process(1), nullptr);
    }
    EXPECT_NE(names.process(2), nullptr);
    EXPECT_EQ(names.process(3), nullptr);
}

}  // namespace
}  // namespace rqs
