// SPDX-License-Identifier: BSD-2-Clause
#include "commands/workload.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "util/procfs.h"

namespace rqs {
namespace {

/// Tries for up to ten seconds.
bool eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 1000; ++i) {
        if (holds()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

std::vector<util::IdEntry> threads_of(pid_t pid) {
    std::vector<util::IdEntry> threads;
    util::ProcDir dir(fmt::format("/proc/{}/task", pid));
    if (dir.valid()) {
        dir.list_ids(threads);
    }
    return threads;
}

std::uint64_t waited_ns(const std::vector<pid_t>& pids) {
    const util::Procfs procfs;
    std::uint64_t sum = 0;
    for (const pid_t pid : pids) {
        for (const util::IdEntry& thread : threads_of(pid)) {
            const auto text = procfs.read(fmt::format("{}/task/{}/schedstat", pid, thread.id));
            const auto sums = text ? util::parse_schedstat(*text) : std::nullopt;
            sum += sums ? sums->wait_ns : 0;
        }
    }
    return sum;
}

TEST(Workload, FightsForOneCpuAndLeavesNothing) {
    std::vector<pid_t> pids;
    {
        Workload workload;
        ASSERT_TRUE(workload.start());
        pids = workload.pids();
        ASSERT_EQ(pids.size(), 3U);
        EXPECT_TRUE(eventually(
            [&] { return threads_of(pids[0]).size() == 2 && threads_of(pids[2]).size() == 3; }));
        const util::Procfs procfs;
        EXPECT_TRUE(eventually([&] {
            const auto stat = procfs.stat(static_cast<std::uint32_t>(pids[2]));
            return stat && stat->comm == "demo-web";
        }));
        for (const pid_t pid : pids) {
            EXPECT_EQ(procfs.field(fmt::format("{}/status", pid), "Cpus_allowed_list"),
                      std::to_string(workload.cpu()));
        }
        if (procfs.exists("self/schedstat")) {
            EXPECT_TRUE(eventually([&] { return waited_ns(pids) > 20'000'000; }));
        }
    }
    for (const pid_t pid : pids) {
        EXPECT_NE(::kill(pid, 0), 0) << pid;
    }
}

TEST(Workload, DiesWithItsParent) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t parent = ::fork();
    if (parent == 0) {
        Workload workload;
        if (!workload.start()) {
            ::_exit(1);
        }
        for (const pid_t pid : workload.pids()) {
            (void)!::write(pipe[1], &pid, sizeof pid);
        }
        ::pause();
    }
    std::vector<pid_t> pids(3);
    for (pid_t& pid : pids) {
        ASSERT_EQ(::read(pipe[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
    }
    ::kill(parent, SIGKILL);
    ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
    const util::Procfs procfs;
    for (const pid_t pid : pids) {
        EXPECT_TRUE(eventually([&] {
            const auto stat = procfs.stat(static_cast<std::uint32_t>(pid));
            return !stat || stat->state == 'Z' || stat->comm.rfind("demo", 0) != 0;
        })) << pid;
    }
    ::close(pipe[0]);
    ::close(pipe[1]);
}

TEST(Workload, EndsByItself) {
    Workload workload(std::chrono::seconds(1));
    ASSERT_TRUE(workload.start());
    const util::Procfs procfs;
    for (const pid_t pid : workload.pids()) {
        EXPECT_TRUE(eventually([&] {
            const auto stat = procfs.stat(static_cast<std::uint32_t>(pid));
            return stat && stat->state == 'Z';
        })) << pid;
    }
}

TEST(Workload, HoldsNoDescriptorOfTheTool) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    Workload workload;
    ASSERT_TRUE(workload.start());
    ::close(pipe[1]);
    // Only the processes could still hold the other end. Nothing to read comes at once or never.
    char byte = 0;
    EXPECT_EQ(::read(pipe[0], &byte, 1), 0);
    ::close(pipe[0]);
}

}  // namespace
}  // namespace rqs
