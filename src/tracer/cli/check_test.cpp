// SPDX-License-Identifier: BSD-2-Clause
#include "cli/check.h"

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

namespace rqs::cli {
namespace {

/// A /proc of two threads, 100 and 101, of one process.
class Check : public ::testing::Test {
  protected:
    Check() {
        std::string pattern = ::testing::TempDir() + "rqs-check-XXXXXX";
        root_ = ::mkdtemp(pattern.data());
        for (const char* tid : {"100", "101"}) {
            std::filesystem::create_directories(root_ / tid);
            std::ofstream(root_ / tid / "status") << "Name:\tx\nTgid:\t100\nPid:\t" << tid << "\n";
        }
    }
    ~Check() override { std::filesystem::remove_all(root_); }

    /// The error line for `options`, empty when there is none.
    std::string error_of(const Options& options) {
        const Status status = check_against_system(options, util::Procfs(root_));
        if (status) {
            return {};
        }
        EXPECT_EQ(status.error().code, ExitCode::usage);
        return status.error().message;
    }

    std::filesystem::path root_;
};

TEST_F(Check, FindsProcessesAndThreads) {
    Options options;
    options.filters.pids = {100};
    options.filters.tids = {101};
    EXPECT_EQ(error_of(options), "");
    options.filters.pids = {100, 101};
    EXPECT_EQ(error_of(options), "--pid: 101 is a thread of process 100; use -t 101 or -p 100");
    options.filters.pids = {7};
    EXPECT_EQ(error_of(options), "--pid: there is no process 7");
    options.filters.pids.clear();
    options.filters.tids = {7};
    EXPECT_EQ(error_of(options), "--tid: there is no thread 7");
}

TEST_F(Check, RealThreadIsNoProcess) {
    std::promise<pid_t> tid;
    std::promise<void> done;
    std::thread thread([&] {
        tid.set_value(::gettid());
        done.get_future().wait();
    });
    Options options;
    options.filters.pids = {static_cast<std::uint32_t>(tid.get_future().get())};
    const Status status = check_against_system(options, util::Procfs());
    done.set_value();
    thread.join();
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find("is a thread of process"), std::string::npos);
}

TEST_F(Check, CgroupsMustBeVersionTwo) {
    Options options;
    options.filters.cgroup_path = root_ / "none";
    EXPECT_NE(error_of(options).find("No such file"), std::string::npos);
    options.filters.cgroup_path = root_;
    EXPECT_NE(error_of(options).find("is no cgroup"), std::string::npos);
    if (std::filesystem::exists("/sys/fs/cgroup/unified/cgroup.procs")) {
        options.filters.cgroup_path = "/sys/fs/cgroup/unified";
        EXPECT_EQ(error_of(options), "");
        options.filters.cgroup_path = "/sys/fs/cgroup/unified/cgroup.procs";
        EXPECT_NE(error_of(options).find("give its directory"), std::string::npos);
    }
    if (std::filesystem::exists("/sys/fs/cgroup/cpu/cgroup.procs")) {
        options.filters.cgroup_path = "/sys/fs/cgroup/cpu";
        EXPECT_NE(error_of(options).find("cgroup v1"), std::string::npos);
    }
}

TEST_F(Check, MapsMustBePinned) {
    Options options;
    options.filters.cgroup_map = root_ / "none";
    EXPECT_NE(error_of(options).find("--cgroupmap: cannot look at"), std::string::npos);
    options.filters.cgroup_map.clear();
    options.filters.mntns_map = root_ / "100" / "status";
    EXPECT_NE(error_of(options).find("--mntnsmap"), std::string::npos);
    EXPECT_NE(error_of(options).find("no pinned BPF map"), std::string::npos);
}

TEST_F(Check, MapsMustBeFiles) {
    struct statfs info {};
    if (::statfs("/sys/fs/bpf", &info) != 0 || info.f_type != BPF_FS_MAGIC) {
        GTEST_SKIP() << "no BPF file system at /sys/fs/bpf";
    }
    Options options;
    options.filters.cgroup_map = "/sys/fs/bpf";
    EXPECT_NE(error_of(options).find("is a directory"), std::string::npos);
}

void look_without_privileges(const std::string& path) {
    constexpr uid_t nobody = 65534;
    if (::setgroups(0, nullptr) != 0 || ::setuid(nobody) != 0) {
        std::_Exit(1);
    }
    Options options;
    options.filters.mntns_map = path;
    const Status status = check_against_system(options, util::Procfs());
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
    Options options;
    options.filters.cpus = {0};
    EXPECT_EQ(error_of(options), "");
    if (::access("/sys/devices/system/cpu/possible", R_OK) != 0) {
        GTEST_SKIP() << "no /sys/devices/system/cpu/possible";
    }
    options.filters.cpus = {8191};
    EXPECT_NE(error_of(options).find("there is no CPU 8191"), std::string::npos);
}

}  // namespace
}  // namespace rqs::cli
