// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/check.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <string>
#include <thread>

#include "util/folder_for_test.h"

namespace rqs {
namespace {

/// A /proc of two threads, 100 and 101, of one process.
class Check : public ::testing::Test {
  protected:
    Check() {
        for (const char* tid : {"100", "101"}) {
            std::filesystem::create_directories(root_ / tid);
            std::ofstream(root_ / tid / "status") << "Name:\tx\nTgid:\t100\nPid:\t" << tid << "\n";
        }
    }
    /// The error line for `filters`, empty when there is none.
    std::string error_of(const Filters& filters) {
        const Status status = check_against_system(filters, util::Procfs(root_));
        if (status) {
            return {};
        }
        EXPECT_EQ(status.error().code, ExitCode::usage);
        return status.error().message;
    }

    util::FolderForTest temporary_;
    std::filesystem::path root_ = temporary_.path();
};

TEST_F(Check, FindsProcessesAndThreads) {
    Filters filters;
    filters.pids = {100};
    filters.tids = {101};
    EXPECT_EQ(error_of(filters), "");
    filters.pids = {100, 101};
    EXPECT_EQ(error_of(filters), "--pid: 101 is a thread of process 100; use -t 101 or -p 100");
    filters.pids = {7};
    EXPECT_EQ(error_of(filters), "--pid: there is no process 7");
    filters.pids.clear();
    filters.tids = {7};
    EXPECT_EQ(error_of(filters), "--tid: there is no thread 7");
}

TEST_F(Check, RealThreadIsNoProcess) {
    std::promise<pid_t> tid;
    std::promise<void> done;
    std::thread thread([&] {
        tid.set_value(::gettid());
        done.get_future().wait();
    });
    Filters filters;
    filters.pids = {static_cast<std::uint32_t>(tid.get_future().get())};
    const Status status = check_against_system(filters, util::Procfs());
    done.set_value();
    thread.join();
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find("is a thread of process"), std::string::npos);
}

TEST_F(Check, CgroupsMustBeVersionTwo) {
    Filters filters;
    filters.cgroup_path = root_ / "none";
    EXPECT_NE(error_of(filters).find("No such file"), std::string::npos);
    filters.cgroup_path = root_;
    EXPECT_NE(error_of(filters).find("is no cgroup"), std::string::npos);
    if (std::filesystem::exists("/sys/fs/cgroup/unified/cgroup.procs")) {
        filters.cgroup_path = "/sys/fs/cgroup/unified";
        EXPECT_EQ(error_of(filters), "");
        filters.cgroup_path = "/sys/fs/cgroup/unified/cgroup.procs";
        EXPECT_NE(error_of(filters).find("give its directory"), std::string::npos);
    }
    if (std::filesystem::exists("/sys/fs/cgroup/cpu/cgroup.procs")) {
        filters.cgroup_path = "/sys/fs/cgroup/cpu";
        EXPECT_NE(error_of(filters).find("cgroup v1"), std::string::npos);
    }
}

TEST_F(Check, MapsMustBePinned) {
    Filters filters;
    filters.cgroup_map = root_ / "none";
    EXPECT_NE(error_of(filters).find("--cgroupmap: cannot look at"), std::string::npos);
    filters.cgroup_map.clear();
    filters.mntns_map = root_ / "100" / "status";
    EXPECT_NE(error_of(filters).find("--mntnsmap"), std::string::npos);
    EXPECT_NE(error_of(filters).find("no pinned BPF map"), std::string::npos);
}

TEST_F(Check, MapsMustBeFiles) {
    struct statfs info {};
    if (::statfs("/sys/fs/bpf", &info) != 0 || info.f_type != BPF_FS_MAGIC) {
        GTEST_SKIP() << "no BPF file system at /sys/fs/bpf";
    }
    Filters filters;
    filters.cgroup_map = "/sys/fs/bpf";
    EXPECT_NE(error_of(filters).find("is a directory"), std::string::npos);
}

void look_without_privileges(const std::string& path) {
    constexpr uid_t nobody = 65534;
    if (::setgroups(0, nullptr) != 0 || ::setuid(nobody) != 0) {
        std::_Exit(1);
    }
    Filters filters;
    filters.mntns_map = path;
    const Status status = check_against_system(filters, util::Procfs());
    std::_Exit(!status && status.error().code == ExitCode::failure &&
                       status.error().message.find("cap_bpf,cap_perfmon") != std::string::npos
                   ? 0
                   : 2);
}

TEST_F(Check, AMapBehindAClosedDoorIsAMatterOfPrivileges) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, to become somebody else";
    }
    std::filesystem::permissions(root_, std::filesystem::perms::owner_all);
    EXPECT_EXIT(look_without_privileges(root_ / "100" / "status"), ::testing::ExitedWithCode(0),
                "");
}

TEST_F(Check, CpusMustBeThere) {
    Filters filters;
    filters.cpus = {0};
    EXPECT_EQ(error_of(filters), "");
    if (::access("/sys/devices/system/cpu/possible", R_OK) != 0) {
        GTEST_SKIP() << "no /sys/devices/system/cpu/possible";
    }
    filters.cpus = {8191};
    EXPECT_NE(error_of(filters).find("there is no CPU 8191"), std::string::npos);
}

}  // namespace
}  // namespace rqs
