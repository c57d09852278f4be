// SPDX-License-Identifier: BSD-2-Clause
// Situations of which we know why tasks wait in them: is it what the tool says? Prints a matrix of
// scene and cause, of waits above 1 ms.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "places.h"
#include "situation.h"
#include "tracer.h"

namespace rqs::ktest {
namespace {

constexpr std::array causes{"contention", "self",  "throttled", "realtime",
                            "idle",       "moved", "unknown"};

struct Row {
    std::string scene;
    std::map<std::string, std::uint32_t> waits;
    double right_ns = 0;  ///< share of the nanoseconds
};

std::vector<Row>& matrix() {
    static std::vector<Row> rows;
    return rows;
}

void print_heading() {
    std::printf("    %-26s", "waits above 1 ms");
    for (const char* cause : causes) {
        std::printf(" %10s", cause);
    }
    std::printf("  right culprit\n");
}

void print_row(const Row& row) {
    std::printf("    %-26s", row.scene.c_str());
    for (const char* cause : causes) {
        const auto found = row.waits.find(cause);
        std::printf(" %10u", found == row.waits.end() ? 0U : found->second);
    }
    std::printf("  %6.2f %% of ns\n", 100 * row.right_ns);
}

/// What the kernel says that the hypervisor took of all CPUs, ns.
std::uint64_t stolen_of_the_machine_ns() {
    std::ifstream file("/proc/stat");
    std::string cpu;
    std::array<std::uint64_t, 8> ticks{};  // user nice system idle iowait irq softirq steal
    file >> cpu;
    for (std::uint64_t& value : ticks) {
        file >> value;
    }
    return ticks.back() * 1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
}

/// Keeps a CPU busy in a cgroup until the object goes.
class Hog {
  public:
    Hog(const Cgroup& cgroup, std::size_t threads, const std::function<void()>& prepare = nullptr)
        : process_([&] {
              if (!cgroup.add(0)) {
                  ::_exit(1);
              }
              pin(scene_cpu());
              if (prepare) {
                  prepare();
              }
              std::vector<std::thread> others;
              for (std::size_t i = 0; i < threads; ++i) {
                  others.emplace_back([&] {
                      ++*ready_;
                      gate_->wait();
                      burn_until(*never_);
                  });
              }
              others.front().join();
          }),
          threads_(threads) {
        EXPECT_TRUE(wait_for([&] { return *ready_ == threads_; })) << "a hog did not start";
    }
    [[nodiscard]] pid_t pid() const { return process_.pid(); }
    [[nodiscard]] std::string pid_text() const { return std::to_string(pid()); }
    void start() { gate_->open(); }
    void stop() { process_.stop(); }
    /// Of all its threads, ns.
    [[nodiscard]] std::uint64_t ran_ns() const {
        clockid_t clock{};
        timespec time{};
        if (::clock_getcpuclockid(pid(), &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
            return 0;
        }
        return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
               static_cast<std::uint64_t>(time.tv_nsec);
    }

  private:
    Shared<Gate> gate_;
    Shared<std::atomic<std::uint32_t>> ready_;
    Shared<std::atomic<std::uint32_t>> never_;
    Process process_;
    std::size_t threads_;
};

class Scene : public ::testing::Test {
  protected:
    /// A cgroup that gets nearly all of its CPU, whatever else this machine has to do.
    Scene() {
        if (cpu_controller_is_v2()) {
            (void)group_.set("cpu.weight", "10000");
            (void)group_.set("cgroup.subtree_control", "+cpu");
        } else {
            (void)group_.set("cpu.shares", "262144");
        }
    }
    static void TearDownTestSuite() {
        std::printf("\n");
        print_heading();
        for (const auto& row : matrix()) {
            print_row(row);
        }
        std::printf("\n");
    }

    static std::uint64_t duration_ns() { return in_vm() ? 3'000'000'000 : 2'000'000'000; }

    /// 20 ms of every 100.
    [[nodiscard]] bool set_quota(const Cgroup& cgroup) const {
        if (cpu_controller_is_v2()) {
            return cgroup.set("cpu.max", "20000 100000");
        }
        return cgroup.set("cpu.cfs_period_us", "100000") && cgroup.set("cpu.cfs_quota_us", "20000");
    }
    /// What the kernel says that the group was throttled, in ns. A tracer is told to stop between
    /// two of these: ending takes its time, and hogs go on meanwhile.
    [[nodiscard]] static std::uint64_t throttled_ns(const Cgroup& cgroup) {
        const std::string stat = cgroup.get("cpu.stat");
        for (const auto& [key, unit] :
             {std::pair{"throttled_time ", 1ULL}, std::pair{"throttled_usec ", 1000ULL}}) {
            const std::size_t at = stat.find(key);
            if (at != std::string::npos) {
                return unit *
                       std::strtoull(stat.c_str() + at + std::string(key).size(), nullptr, 10);
            }
        }
        return 0;
    }

    using IsCulprit = std::function<bool(const Part&)>;

    /// Asserts that 95 % of the waits above `least_ns` have one of these causes, or all but two:
    /// where there are thirty, as many are of somebody else's making. And 95 % of their nanoseconds
    /// have the right culprit. What the hypervisor took is not the scene's and is left out, as far
    /// as the kernel says so too.
    void judge(const std::string& scene, const std::vector<Wait>& waits,
               const std::vector<std::string>& expected, const IsCulprit& is_culprit,
               std::uint64_t least_ns = 1'000'000, std::uint32_t least_waits = 5) const {
        Row row;
        row.scene = scene;
        std::uint32_t all = 0;
        std::uint64_t all_ns = 0;
        std::uint64_t right_ns = 0;
        std::map<std::uint32_t, std::uint64_t> stolen_ns;  // of each thread
        for (const auto& wait : waits) {
            const std::uint64_t stolen_of_wait_ns = wait.part_ns("steal");
            stolen_ns[wait.tid] += stolen_of_wait_ns;
            if (wait.wait_ns <= least_ns || !wait.complete ||
                stolen_of_wait_ns * 2 > wait.wait_ns) {
                continue;
            }
            ++all;
            ++row.waits[wait.cause];
            all_ns += wait.wait_ns - stolen_of_wait_ns;
            for (const auto& part : wait.why) {
                right_ns += is_culprit(part) ? part.ns : 0;
            }
        }
        row.right_ns =
            all_ns == 0 ? 0 : static_cast<double>(right_ns) / static_cast<double>(all_ns);
        matrix().push_back(row);
        print_heading();
        print_row(row);
        std::uint32_t right = 0;
        for (const auto& cause : expected) {
            right += row.waits[cause];
        }
        ASSERT_GE(all, least_waits) << "the scene makes no waits";
        EXPECT_TRUE(right * 100 >= all * 95 || right + 2 >= all)
            << right << " waits with the right cause, of " << all;
        EXPECT_GE(row.right_ns, 0.95) << "nanoseconds with the right culprit";
        const std::uint64_t stolen_of_all_ns = stolen_of_the_machine_ns() - stolen_before_ns_;
        for (const auto& [tid, ns] : stolen_ns) {
            EXPECT_LE(ns, stolen_of_all_ns + 50_ms) << "stolen, says the ledger of " << tid;
        }
    }

    static Tracer::Words words_for(const std::string& min_us,
                                   const std::vector<std::string>& pids) {
        Tracer::Words words{min_us, "-f", "json"};
        for (const auto& pid : pids) {
            words.emplace_back("-p");
            words.push_back(pid);
        }
        return words;
    }

    Cgroup group_{cpu_controller_mount() + "/" + unique_name("scene")};
    std::uint64_t stolen_before_ns_ = stolen_of_the_machine_ns();
};

TEST_F(Scene, TwoHogs) {
    Hog one(group_, 1);
    Hog other(group_, 1);
    Tracer tracer(words_for("1000", {one.pid_text(), other.pid_text()}));
    ASSERT_TRUE(tracer.attached());
    one.start();
    other.start();
    sleep_ns(duration_ns());
    const Output output = stop_and_check(tracer);
    judge("two hogs", output.waits, {"contention"}, [&](const Part& part) {
        return part.kind == "ran" && part.relation != "self" &&
               (part.pid == static_cast<std::uint32_t>(one.pid()) ||
                part.pid == static_cast<std::uint32_t>(other.pid()));
    });
}

TEST_F(Scene, FourThreadsOfOneProcess) {
    Hog hog(group_, 4);
    Tracer tracer(words_for("1000", {hog.pid_text()}));
    ASSERT_TRUE(tracer.attached());
    hog.start();
    sleep_ns(duration_ns());
    const Output output = stop_and_check(tracer);
    judge("four threads", output.waits, {"self"}, [&](const Part& part) {
        return part.relation == "self" && part.pid == static_cast<std::uint32_t>(hog.pid());
    });
}

TEST_F(Scene, QuotaOnAnIdleCpu) {
    const Cgroup limited(group_.path() + "/limited");
    ASSERT_TRUE(set_quota(limited)) << "cannot set a CPU quota";
    Hog hog(limited, 1);
    Tracer tracer(words_for("1000", {hog.pid_text()}));
    ASSERT_TRUE(tracer.attached());
    hog.start();
    sleep_ns(duration_ns());
    const std::uint64_t least_ns = throttled_ns(limited);
    const Output output = stop_and_check(tracer);
    judge("quota, idle CPU", output.waits, {"throttled"},
          [&](const Part& part) { return part.kind == "throttled"; });
    std::uint64_t blamed_ns = 0;
    std::uint64_t throttled_parts_ns = 0;
    for (const auto& wait : output.waits) {
        blamed_ns += wait.cause == "contention" ? wait.wait_ns : 0;
        throttled_parts_ns += wait.part_ns("throttled");
    }
    const std::uint64_t kernels_ns = throttled_ns(limited);
    EXPECT_LE(blamed_ns * 20, kernels_ns) << "contention that is not there";
    // The kernel adds to its sum when a throttling ends; the last one may lie on the edge.
    EXPECT_LE(throttled_parts_ns, kernels_ns + kernels_ns / 50 + 100_ms);
    EXPECT_GE(throttled_parts_ns + least_ns / 20 + 200_ms, least_ns);
    std::printf("    throttled: %.1f ms in the ledgers, %.1f to %.1f ms says the kernel\n",
                static_cast<double>(throttled_parts_ns) / 1e6, static_cast<double>(least_ns) / 1e6,
                static_cast<double>(kernels_ns) / 1e6);
}

TEST_F(Scene, QuotaBesideContention) {
    const Cgroup limited(group_.path() + "/limited");
    const Cgroup free(group_.path() + "/free");
    ASSERT_TRUE(set_quota(limited)) << "cannot set a CPU quota";
    Hog victim(limited, 1);
    Hog rival(free, 1);
    Tracer tracer(words_for("0", {victim.pid_text(), rival.pid_text()}));
    ASSERT_TRUE(tracer.attached());
    rival.start();
    victim.start();
    const std::uint64_t began_ns = now_ns();
    sleep_ns(duration_ns());
    const std::uint64_t least_throttled_ns = throttled_ns(limited);
    const Output output = stop_and_check(tracer);
    const std::uint64_t ended_ns = now_ns();
    const std::uint64_t victim_ran_ns = victim.ran_ns();
    const std::uint64_t kernels_throttled_ns = throttled_ns(limited);

    std::vector<Wait> of_victim;
    std::uint64_t throttled_parts_ns = 0;
    std::uint64_t rivals_ns = 0;
    const auto is_rival = [&](const Part& part) {
        return part.kind == "ran" && part.pid == static_cast<std::uint32_t>(rival.pid());
    };
    std::map<std::string, std::uint32_t> seen;
    for (const auto& wait : output.waits) {
        if (wait.pid != static_cast<std::uint32_t>(victim.pid())) {
            EXPECT_EQ(wait.part_ns("throttled"), 0U) << "the rival has no quota";
            continue;
        }
        of_victim.push_back(wait);
        throttled_parts_ns += wait.part_ns("throttled");
        for (const auto& part : wait.why) {
            rivals_ns += is_rival(part) ? part.ns : 0;
        }
        if (wait.wait_ns > 1'000'000) {
            ++seen[wait.cause];
        }
    }
    judge("quota beside contention", of_victim, {"throttled", "contention"},
          [&](const Part& part) { return part.kind == "throttled" || is_rival(part); });
    EXPECT_GT(seen["throttled"], 0U);
    EXPECT_GT(seen["contention"], 0U);
    // It wanted the CPU all the time: what it neither ran nor was throttled, it lost to the rival.
    const double rest_ns = static_cast<double>(ended_ns - began_ns - victim_ran_ns) -
                           static_cast<double>(kernels_throttled_ns);
    std::printf(
        "    throttled: %.1f ms in the ledgers, %.1f ms says the kernel; rival: %.1f ms in "
        "the ledgers, at most %.1f ms were left\n",
        static_cast<double>(throttled_parts_ns) / 1e6,
        static_cast<double>(kernels_throttled_ns) / 1e6, static_cast<double>(rivals_ns) / 1e6,
        rest_ns / 1e6);
    EXPECT_LE(throttled_parts_ns, kernels_throttled_ns + kernels_throttled_ns / 50 + 100_ms);
    EXPECT_GE(throttled_parts_ns + least_throttled_ns / 20 + 200_ms, least_throttled_ns);
    EXPECT_LE(static_cast<double>(rivals_ns), rest_ns * 1.05 + 100e6);
}

TEST_F(Scene, RealtimeHog) {
    Hog victim(group_, 1);
    const Process fifo([] {
        pin(scene_cpu());
        if (!set_policy(SCHED_FIFO, 10)) {
            ::_exit(1);
        }
        while (true) {
            burn_ns(20_ms);
            sleep_ns(20_ms);
        }
    });
    Tracer tracer(words_for("1000", {victim.pid_text()}));
    ASSERT_TRUE(tracer.attached());
    victim.start();
    sleep_ns(duration_ns());
    const Output output = stop_and_check(tracer);
    judge("SCHED_FIFO hog", output.waits, {"realtime"},
          [&](const Part& part) { return part.tid == static_cast<std::uint32_t>(fifo.pid()); });
}

// A task that waits briefly behind the same hogs has its wait kept first. What the long wait of the
// victim needs of the history must not be spent on it.
TEST_F(Scene, LongWaitsBesideShortOnes) {
    Hog victim(group_, 1);
    const auto realtime = [](int priority, std::uint64_t burn, std::uint64_t rest) {
        return [=] {
            pin(scene_cpu());
            if (!set_policy(SCHED_FIFO, priority)) {
                ::_exit(1);
            }
            while (true) {
                burn_ns(burn);
                sleep_ns(rest);
            }
        };
    };
    const Process first(realtime(20, 30_ms, 80_ms));
    const Process second(realtime(20, 30_ms, 70_ms));
    const Process brief(realtime(10, 200'000, 7_ms));
    Tracer tracer(words_for("1000", {victim.pid_text(), std::to_string(brief.pid())}));
    ASSERT_TRUE(tracer.attached());
    victim.start();
    sleep_ns(duration_ns());
    Output output = stop_and_check(tracer);
    std::erase_if(output.waits, [&](const auto& wait) {
        return wait.tid == static_cast<std::uint32_t>(brief.pid());
    });
    // The long ones last 30 ms; on a busy machine the victim also waits for what else there is to
    // do, which is contention.
    judge(
        "long beside short", output.waits, {"realtime"},
        [&](const Part& part) {
            const auto tid = static_cast<pid_t>(part.tid);
            return tid == first.pid() || tid == second.pid() || tid == brief.pid();
        },
        20_ms);
}

// Nothing here waits for a millisecond, so all waits count. On a machine that has other things to
// do, only those that the idle task left the CPU to.
TEST_F(Scene, PingPongAcrossCpus) {
    if (scene_cpu() == quiet_cpu()) {
        GTEST_SKIP() << "needs two CPUs";
    }
    std::array<int, 2> there{};
    std::array<int, 2> back{};
    ASSERT_EQ(::pipe2(there.data(), O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(back.data(), O_CLOEXEC), 0);
    const auto play = [&](int cpu, int from, int to) {
        pin(cpu);
        char byte = 0;
        while (::read(from, &byte, 1) == 1) {
            sleep_ns(200'000);
            (void)!::write(to, &byte, 1);
        }
    };
    const Process far([&] { play(scene_cpu(), there[0], back[1]); });
    const Process near([&] { play(quiet_cpu(), back[0], there[1]); });
    Tracer tracer(words_for("0", {std::to_string(far.pid())}));
    ASSERT_TRUE(tracer.attached());
    ASSERT_EQ(::write(there[1], "x", 1), 1);
    sleep_ns(duration_ns());
    const Output output = stop_and_check(tracer);
    for (const int fd : {there[0], there[1], back[0], back[1]}) {
        ::close(fd);
    }
    std::vector<Wait> from_idle;
    for (const auto& wait : output.waits) {
        if (wait.prev_tid == 0 && wait.wait_ns > 0) {
            from_idle.push_back(wait);
        }
    }
    std::printf("    %zu of %zu waits ended with the idle task leaving\n", from_idle.size(),
                output.waits.size());
    if (from_idle.size() < 20) {
        GTEST_SKIP() << "the CPU is never idle: others keep it busy";
    }
    judge(
        "ping-pong across CPUs", from_idle, {"idle"},
        [](const Part& part) { return part.kind == "idle"; }, 0, 20);
}

TEST_F(Scene, MovedWhileWaiting) {
    if (scene_cpu() == quiet_cpu()) {
        GTEST_SKIP() << "needs two CPUs";
    }
    struct Stage {
        Gate ready;
        std::atomic<std::uint32_t> round{0};
        std::atomic<std::uint32_t> hog_until{0};
        std::atomic<pid_t> victim{0};
        std::array<int, 2> wake{};
    };
    const Shared<Stage> stage;
    ASSERT_EQ(::pipe2(stage->wake.data(), O_CLOEXEC), 0);
    const std::uint32_t rounds = in_vm() ? 25 : 40;
    const std::uint64_t slow = in_vm() ? 5 : 1;
    // All of them real-time, so that nothing else on this machine matters.
    Process process([&] {
        std::thread victim([&] {
            stage->victim = ::gettid();
            set_policy(SCHED_FIFO, 10);
            char byte = 0;
            while (::read(stage->wake[0], &byte, 1) == 1) {
            }
        });
        std::thread hog([&] {
            pin(scene_cpu());
            set_policy(SCHED_FIFO, 50);
            for (std::uint32_t round = 1; round <= rounds; ++round) {
                while (stage->round < round) {
                    sleep_ns(100'000);
                }
                while (stage->hog_until < round) {
                }
            }
        });
        pin(quiet_cpu());
        set_policy(SCHED_FIFO, 60);
        stage->ready.wait();
        for (std::uint32_t round = 1; round <= rounds; ++round) {
            pin(scene_cpu(), stage->victim);
            stage->round = round;
            sleep_ns(2_ms * slow);  // the hog has the CPU
            (void)!::write(stage->wake[1], "x", 1);
            sleep_ns(5_ms * slow);
            pin(quiet_cpu(), stage->victim);
            sleep_ns(3_ms * slow);  // the victim has run
            stage->hog_until = round;
            sleep_ns(10_ms * slow);
        }
        hog.join();
        ::_exit(0);
    });
    ASSERT_TRUE(wait_for([&] { return stage->victim != 0 && stage->ready.waiting() > 0; }));
    Tracer tracer({"1000", "-f", "json", "-t", std::to_string(stage->victim)});
    ASSERT_TRUE(tracer.attached());
    stage->ready.open();
    EXPECT_EQ(process.join(), 0);
    const Output output = stop_and_check(tracer);
    ::close(stage->wake[0]);
    ::close(stage->wake[1]);
    judge("moved while waiting", output.waits, {"moved"},
          [](const Part& part) { return part.kind == "elsewhere"; });
}

/// The kernel's memory merger, set to work all the time on one CPU, and everything as it was after.
class Merger {
  public:
    Merger() : tid_(find()) {
        if (tid_ == 0) {
            return;
        }
        for (const char* file : files) {
            before_.push_back(read_file(folder + std::string(file)));
        }
        nice_ = ::getpriority(PRIO_PROCESS, static_cast<id_t>(tid_));
        works_ = pin(scene_cpu(), tid_) &&
                 ::setpriority(PRIO_PROCESS, static_cast<id_t>(tid_), -20) == 0;
        write_file(folder + std::string("sleep_millisecs"), "0");
        write_file(folder + std::string("pages_to_scan"), "10000");
        works_ = works_ && write_file(folder + std::string("run"), "1");
    }
    ~Merger() {
        for (std::size_t i = before_.size(); i > 0; --i) {
            write_file(folder + std::string(files.at(i - 1)), before_.at(i - 1));
        }
        if (tid_ != 0) {
            (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(tid_), nice_);
            unpin(tid_);
        }
    }
    Merger(const Merger&) = delete;
    Merger& operator=(const Merger&) = delete;
    [[nodiscard]] bool works() const { return works_; }
    [[nodiscard]] std::uint32_t tid() const { return static_cast<std::uint32_t>(tid_); }

    /// For a process to have something that is worth a look.
    static void offer_memory() {
        constexpr std::size_t bytes = 32U << 20;
        void* memory =
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED || ::madvise(memory, bytes, MADV_MERGEABLE) != 0) {
            return;
        }
        auto* words = static_cast<std::uint64_t*>(memory);
        for (std::size_t i = 0; i < bytes / sizeof(*words); i += 64) {
            words[i] = i * 0x9e3779b97f4a7c15;
        }
    }

  private:
    static constexpr const char* folder = "/sys/kernel/mm/ksm/";
    static constexpr std::array files{"sleep_millisecs", "pages_to_scan", "run"};

    static pid_t find() {
        DIR* processes = ::opendir("/proc");
        pid_t found = 0;
        for (const dirent* entry = ::readdir(processes); entry != nullptr && found == 0;
             entry = ::readdir(processes)) {
            const char* name = static_cast<const char*>(entry->d_name);
            if (read_file(std::string("/proc/") + name + "/comm") == "ksmd\n") {
                found = std::atoi(name);
            }
        }
        ::closedir(processes);
        return found;
    }

    pid_t tid_;
    int nice_ = 0;
    bool works_ = false;
    std::vector<std::string> before_;
};

TEST_F(Scene, KernelThread) {
    Hog victim(group_, 1, Merger::offer_memory);
    const Merger merger;
    if (!merger.works()) {
        GTEST_SKIP() << "this kernel has no ksmd, whom one could give work on one CPU";
    }
    Tracer tracer(words_for("1000", {victim.pid_text()}));
    ASSERT_TRUE(tracer.attached());
    victim.start();
    sleep_ns(duration_ns());
    const Output output = stop_and_check(tracer);
    judge("kernel thread", output.waits, {"contention"},
          [&](const Part& part) { return part.kthread && part.tid == merger.tid(); });
}

}  // namespace
}  // namespace rqs::ktest
