// SPDX-License-Identifier: BSD-2-Clause
// Threads that begin, end and are told where to run, against what the kernel says of them itself.
#include <dirent.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bpfkit/handles.h"
#include "model/record.h"
#include "sources/bpf_lives.h"
#include "sources/kernel_clock.h"
#include "util/procfs.h"

namespace rqs::ktest {
namespace {

using Mask = std::vector<std::uint64_t>;

class Taker : public RecordHandler {
  public:
    void on_fork(const Fork& fork) override { forks.push_back(fork); }
    void on_exit(const Exit& exit) override { exits.push_back(exit); }
    void on_affinity(const Affinity& affinity) override {
        affinities[affinity.tid] = affinity.cpus;
        ++told[affinity.tid];
    }

    [[nodiscard]] const Fork* fork_of(pid_t child) const {
        const auto found = std::find_if(forks.begin(), forks.end(), [&](const Fork& fork) {
            return fork.child.tid == static_cast<std::uint32_t>(child);
        });
        return found == forks.end() ? nullptr : &*found;
    }
    [[nodiscard]] const Exit* exit_of(pid_t tid) const {
        const auto found = std::find_if(exits.begin(), exits.end(), [&](const Exit& exit) {
            return exit.task.tid == static_cast<std::uint32_t>(tid);
        });
        return found == exits.end() ? nullptr : &*found;
    }
    /// As it was told last; empty where it was not.
    [[nodiscard]] Mask mask_of(pid_t tid) const {
        const auto found = affinities.find(static_cast<std::uint32_t>(tid));
        return found == affinities.end() ? Mask{} : found->second;
    }

    std::vector<Fork> forks;
    std::vector<Exit> exits;
    std::map<std::uint32_t, Mask> affinities;
    std::map<std::uint32_t, int> told;
};

std::uint32_t cpu_count() {
    return static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_CONF));
}

Mask mask_of(const cpu_set_t& set) {
    Mask mask((cpu_count() + 63) / 64);
    for (std::uint32_t cpu = 0; cpu < cpu_count(); ++cpu) {
        if (CPU_ISSET(cpu, &set)) {
            mask[cpu / 64] |= std::uint64_t{1} << cpu % 64;
        }
    }
    return mask;
}

/// What the kernel lets a thread run on; empty where there is no such thread.
Mask allowed(pid_t tid) {
    cpu_set_t set;
    CPU_ZERO(&set);
    return ::sched_getaffinity(tid, sizeof(set), &set) == 0 ? mask_of(set) : Mask{};
}

void run_on(std::uint32_t first, std::uint32_t last) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (std::uint32_t cpu = first; cpu <= last; ++cpu) {
        CPU_SET(cpu, &set);
    }
    ASSERT_EQ(::sched_setaffinity(0, sizeof(set), &set), 0);
}

class Lives : public ::testing::Test {
  protected:
    void SetUp() override {
        bpfkit::install_log(false);
        bpfkit::lift_memlock_limit();
        auto loaded = BpfLives::load(cpu_count());
        ASSERT_TRUE(loaded) << loaded.error().message;
        lives_ = std::move(*loaded);
        const auto attached = lives_->attach();
        ASSERT_TRUE(attached) << attached.error().message;
    }
    void TearDown() override { run_on(0, cpu_count() - 1); }

    void look() {
        const auto looked = lives_->look(kernel_monotonic_ns(), taker_);
        ASSERT_TRUE(looked) << looked.error().message;
    }
    /// Looks every 10 ms until it holds: false where it does not within 20 s.
    bool comes(const std::function<bool()>& holds) {
        using namespace std::chrono_literals;
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        for (look(); !holds(); look()) {
            if (HasFailure() || std::chrono::steady_clock::now() > deadline) {
                return false;
            }
            std::this_thread::sleep_for(10ms);
        }
        return true;
    }

    std::unique_ptr<BpfLives> lives_;
    Taker taker_;
};

TEST_F(Lives, TellProcessesThatBeginAndEnd) {
    const std::uint64_t before_ns = kernel_monotonic_ns();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        (void)::prctl(PR_SET_NAME, "short-lived");
        ::_exit(0);
    }
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    const std::uint64_t after_ns = kernel_monotonic_ns();
    look();
    const Fork* fork = taker_.fork_of(child);
    ASSERT_NE(fork, nullptr);
    EXPECT_EQ(fork->parent.tid, static_cast<std::uint32_t>(::gettid()));
    EXPECT_EQ(fork->parent.pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(fork->child.pid, static_cast<std::uint32_t>(child));
    EXPECT_EQ(fork->child.comm, fork->parent.comm);
    const Exit* exit = taker_.exit_of(child);
    ASSERT_NE(exit, nullptr);
    EXPECT_EQ(exit->task.comm.view(), "short-lived");
    EXPECT_LE(before_ns, fork->ts_ns);
    EXPECT_LT(fork->ts_ns, exit->ts_ns);
    EXPECT_LE(exit->ts_ns, after_ns);
    EXPECT_EQ(lives_->lost(), 0U);
}

TEST_F(Lives, TellThreadsThatBeginAndEnd) {
    pid_t tid = 0;
    std::thread([&] { tid = ::gettid(); }).join();
    ASSERT_TRUE(comes([&] { return taker_.exit_of(tid) != nullptr; }));
    const Fork* fork = taker_.fork_of(tid);
    ASSERT_NE(fork, nullptr);
    EXPECT_EQ(fork->child.pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(taker_.exit_of(tid)->task.pid, static_cast<std::uint32_t>(::getpid()));
}

TEST_F(Lives, LoseNothingInAStormThatIsRead) {
    constexpr std::size_t storm = 500;
    for (std::size_t i = 0; i < storm; ++i) {
        std::thread([] {}).join();
        if (i % 50 == 0) {
            look();
        }
    }
    look();
    EXPECT_GE(taker_.forks.size(), storm);
    EXPECT_EQ(lives_->lost(), 0U);
}

/// More than the ring has room for, and nobody reads.
TEST_F(Lives, CountWhatFindsNoRoom) {
    constexpr std::size_t too_many = 8000;
    for (std::size_t i = 0; i < too_many; ++i) {
        std::thread([] {}).join();
    }
    // Whoever joins a thread may be told before the kernel announces its end.
    EXPECT_TRUE(comes([&] {
        return taker_.forks.size() + taker_.exits.size() + lives_->lost() >= 2 * too_many;
    }));
    EXPECT_GT(lives_->lost(), 0U);
}

TEST_F(Lives, TellWhatAThreadMayRunOn) {
    if (cpu_count() < 2) {
        GTEST_SKIP() << "one CPU leaves nothing to choose";
    }
    const pid_t self = ::gettid();
    look();
    EXPECT_EQ(taker_.mask_of(self), Mask{});
    run_on(1, 1);
    EXPECT_TRUE(comes([&] { return taker_.mask_of(self) == allowed(self); }));
    run_on(0, cpu_count() - 1);
    EXPECT_TRUE(comes([&] { return taker_.mask_of(self) == allowed(self); }));
    EXPECT_EQ(taker_.told[static_cast<std::uint32_t>(self)], 2);
}

TEST_F(Lives, TellAChangeAtOnceWhereTheKernelLetsThem) {
    if (cpu_count() < 2) {
        GTEST_SKIP() << "one CPU leaves nothing to choose";
    }
    if (!lives_->tells_changes_at_once()) {
        GTEST_SKIP() << "this kernel does not let its functions be watched";
    }
    look();
    run_on(1, 1);
    look();  // too soon for another look at all threads
    EXPECT_EQ(taker_.mask_of(::gettid()), allowed(::gettid()));
}

TEST_F(Lives, DoNotTellWhatAThreadInherits) {
    if (cpu_count() < 2) {
        GTEST_SKIP() << "one CPU leaves nothing to choose";
    }
    const pid_t self = ::gettid();
    run_on(1, 1);
    ASSERT_TRUE(comes([&] { return taker_.mask_of(self) == allowed(self); }));
    std::atomic<pid_t> tid{0};
    std::atomic<bool> enough{false};
    std::thread child([&] {
        tid = ::gettid();
        while (!enough) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    });
    EXPECT_TRUE(comes([&] { return tid != 0 && taker_.fork_of(tid) != nullptr; }));
    const auto two_looks = std::chrono::steady_clock::now() + std::chrono::milliseconds(2500);
    EXPECT_TRUE(comes([&] { return std::chrono::steady_clock::now() > two_looks; }));
    EXPECT_EQ(taker_.mask_of(tid), Mask{});
    enough = true;
    child.join();
}

/// Each thread of the machine: it was told what it may run on, or it may run on everything.
TEST_F(Lives, AgreeWithTheKernelOnEveryThread) {
    look();
    const Mask all = allowed(::gettid());
    util::ProcDir proc("/proc");
    ASSERT_TRUE(proc.valid());
    std::vector<util::IdEntry> processes;
    proc.list_ids(processes);
    std::size_t compared = 0;
    for (const auto& process : processes) {
        util::ProcDir tasks(proc, (std::to_string(process.id) + "/task").c_str());
        std::vector<util::IdEntry> threads;
        if (tasks.valid()) {
            tasks.list_ids(threads);
        }
        for (const auto& thread : threads) {
            const auto tid = static_cast<pid_t>(thread.id);
            const Mask now = allowed(tid);
            const Mask told = taker_.mask_of(tid);
            if (!now.empty()) {  // else it has ended
                ++compared;
                EXPECT_EQ(told.empty() ? all : told, now) << "thread " << tid;
            }
        }
    }
    EXPECT_GT(compared, 0U);
    RecordProperty("threads", static_cast<int>(compared));
}

}  // namespace
}  // namespace rqs::ktest
