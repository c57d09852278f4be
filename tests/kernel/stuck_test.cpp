// SPDX-License-Identifier: BSD-2-Clause
// A task that waits is found before it runs.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "places.h"
#include "situation.h"
#include "tracer.h"

namespace rqs::ktest {
namespace {

/// A file's text, put back at the end.
class Setting {
  public:
    Setting(std::string path, const std::string& value)
        : path_(std::move(path)), before_(read_file(path_)) {
        set_ = !before_.empty() && write_file(path_, value);
    }
    ~Setting() {
        if (set_) {
            write_file(path_, before_);
        }
    }
    Setting(const Setting&) = delete;
    Setting& operator=(const Setting&) = delete;
    [[nodiscard]] bool set() const { return set_; }

  private:
    std::string path_;
    std::string before_;
    bool set_ = false;
};

/// A debugfs of our own, which holds the knobs of the servers that keep ordinary tasks from
/// starving (6.12 and later).
class DebugFs {
  public:
    DebugFs() {
        const char* temporary = std::getenv("TEST_TMPDIR");
        folder_ =
            std::string(temporary != nullptr ? temporary : "/tmp") + "/" + unique_name("debugfs");
        (void)::mkdir(folder_.c_str(), 0700);
        mounted_ = ::mount("debugfs", folder_.c_str(), "debugfs", 0, nullptr) == 0;
    }
    ~DebugFs() {
        if (mounted_) {
            ::umount(folder_.c_str());
        }
        ::rmdir(folder_.c_str());
    }
    DebugFs(const DebugFs&) = delete;
    DebugFs& operator=(const DebugFs&) = delete;
    [[nodiscard]] std::string fair_server_runtime() const {
        return folder_ + "/sched/fair_server/cpu" + std::to_string(scene_cpu()) + "/runtime";
    }

  private:
    std::string folder_;
    bool mounted_ = false;
};

class Stuck : public ::testing::Test {
  protected:
    struct Board {
        std::atomic<pid_t> victim{0};
        std::atomic<pid_t> hog{0};
        std::atomic<std::uint64_t> victim_ran_ns{0};
        std::atomic<std::uint64_t> hog_ended_ns{0};
        Gate start;
        std::atomic<std::uint32_t> hogging{0};
    };
    static constexpr std::uint64_t starved_ns = 3'000'000'000;

    // Real-time tasks may take all of a CPU for the three seconds.
    void SetUp() override {
        if (scene_cpu() == quiet_cpu()) {
            GTEST_SKIP() << "needs two CPUs: one for the tracer";
        }
        if (!no_limit_.set()) {
            GTEST_SKIP() << "cannot let a real-time task take all of a CPU "
                            "(/proc/sys/kernel/sched_rt_runtime_us)";
        }
    }

    /// Returns what was said, and has asserted that the victim was reported before it ran.
    void starve(const std::function<void()>& prepare_victim) {
        const Shared<Board> board;
        const Process victim([&] {
            set_name("rqs-starved");
            pin(scene_cpu());
            prepare_victim();
            board->victim = ::gettid();
            while (board->hogging == 0) {
                sleep_ns(5_ms);
            }
            // Asleep for the last time: the hog is there when this wakes.
            sleep_ns(20_ms);
            board->victim_ran_ns = now_ns();
            while (true) {
                ::pause();
            }
        });
        const Process hog([&] {
            pin(scene_cpu());
            board->start.wait();
            if (!set_policy(SCHED_FIFO, 50)) {
                ::_exit(1);
            }
            board->hog = ::gettid();
            board->hogging = 1;
            // It leaves the CPU once, so that the victim sees that it is time.
            sleep_ns(15_ms);
            const std::uint64_t end_ns = now_ns() + starved_ns;
            while (now_ns() < end_ns) {
            }
            board->hog_ended_ns = now_ns();
        });
        ASSERT_TRUE(wait_for([&] { return board->victim != 0; }));
        Tracer tracer({"500000", "-f", "json", "--stuck", "-t", std::to_string(board->victim)});
        ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
        board->start.open();
        ASSERT_TRUE(wait_for([&] { return board->victim_ran_ns != 0; }));
        ASSERT_TRUE(wait_for([&] { return tracer.line_count() > 1; }));
        sleep_ns(300_ms);
        const Output output = stop_and_check(tracer);

        ASSERT_FALSE(output.stuck.empty()) << "nobody said that it was stuck";
        const auto& first = output.stuck.front();
        EXPECT_LT(first.came_ns, board->victim_ran_ns) << "said too late";
        EXPECT_LT(first.came_ns, board->hog_ended_ns) << "said too late";
        EXPECT_LE(output.stuck.size(), 6U) << "repeated too often";
        for (const auto& stuck : output.stuck) {
            EXPECT_EQ(stuck.tid, static_cast<std::uint32_t>(board->victim));
            EXPECT_EQ(stuck.cpu, static_cast<std::uint32_t>(scene_cpu()));
            EXPECT_EQ(stuck.running_tid, static_cast<std::uint32_t>(board->hog));
            EXPECT_EQ(stuck.cause, "realtime");
            EXPECT_GT(stuck.waiting_ns, 500'000'000U);
        }
        // Closed by the wait itself.
        ASSERT_EQ(output.waits.size(), 1U);
        const auto& wait = output.waits.front();
        EXPECT_GE(wait.wait_ns, output.stuck.back().waiting_ns);
        EXPECT_GE(wait.wait_ns, 2'500'000'000U) << "it was not starved for long";
        EXPECT_EQ(wait.cause, "realtime");
        std::printf("    said %.2f s before it ran, after %.2f s of a wait of %.2f s\n",
                    static_cast<double>(board->victim_ran_ns - first.came_ns) / 1e9,
                    static_cast<double>(first.waiting_ns) / 1e9,
                    static_cast<double>(wait.wait_ns) / 1e9);
    }

    Setting no_limit_{"/proc/sys/kernel/sched_rt_runtime_us", "-1"};
};

TEST_F(Stuck, RealtimeTaskBehindAHigherOne) {
    starve([] {
        if (!set_policy(SCHED_FIFO, 1)) {
            ::_exit(1);
        }
    });
}

TEST_F(Stuck, OrdinaryTaskBehindARealtimeOne) {
    const DebugFs debugfs;
    const std::string server = debugfs.fair_server_runtime();
    const bool has_server = ::access(server.c_str(), F_OK) == 0;
    const Setting no_server(server, "0");
    if (has_server && !no_server.set()) {
        GTEST_SKIP() << "this kernel gives ordinary tasks a share at all events";
    }
    starve([] {});
}

// While the tool looks it has its own CPU; that is not what the others there wait for.
TEST(StuckBesideTheTool, IsNotBlamedOnTheTool) {
    const auto hog = [] {
        pin(quiet_cpu());
        burn_ns(60'000'000'000);
    };
    const Process first(hog);
    const Process second(hog);
    const Process third(hog);
    Tracer::Words words{"500", "-f", "json", "--stuck"};
    for (const Process* each : {&first, &second, &third}) {
        words.insert(words.end(), {"-p", std::to_string(each->pid())});
    }
    Tracer tracer(words);
    ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
    const auto tool = static_cast<std::uint32_t>(tracer.pid());
    pin(quiet_cpu(), tracer.pid());
    sleep_ns(2500_ms);
    const Output output = stop_and_check(tracer);
    ASSERT_FALSE(output.stuck.empty()) << "nobody was found waiting";
    for (const auto& stuck : output.stuck) {
        EXPECT_NE(stuck.running_tid, tool);
    }
}

}  // namespace
}  // namespace rqs::ktest
