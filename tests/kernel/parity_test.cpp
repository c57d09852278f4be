// SPDX-License-Identifier: BSD-2-Clause
// Every wait is what the kernel charged for it, to the nanosecond.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "parity.h"
#include "roles.h"
#include "situation.h"
#include "tracer.h"

namespace rqs::ktest {
namespace {

struct Mode {
    const char* name;
    Tracer::Words arguments;
};

class Parity : public ::testing::TestWithParam<Mode> {
  protected:
    /// Runs the workload as a process of its own under a tracer that keeps every wait.
    Output trace(const std::function<void(Board&)>& workload) {
        Process process([&] {
            board_->gate.wait();
            workload(*board_);
        });
        EXPECT_TRUE(wait_for([&] { return board_->gate.waiting() > 0; }));
        // Kernels before 5.15 or so take no larger map.
        const char* buffer = in_vm() ? "1m" : "16m";
        Tracer::Words words = GetParam().arguments;
        const bool recorded = words.front() == "record";
        words.insert(words.end(), {"0", "--buffer", buffer, "--source", "bpf"});
        if (recorded) {
            words.insert(words.end(), {"-o", recording_});
        }
        Tracer tracer(words);
        EXPECT_TRUE(tracer.attached()) << tracer.stderr_text();
        witness_.emplace();
        board_->gate.open();
        EXPECT_EQ(process.join(), 0);
        witness_->stop();
        if (!recorded) {
            return stop_and_check(tracer);
        }
        EXPECT_EQ(tracer.stop(), 0) << tracer.stderr_text();
        Tracer report({"report", recording_, "--events", "-f", "json"});
        Output output = check(report);
        EXPECT_EQ(output.exit_code, 0) << report.stderr_text();
        return output;
    }
    void TearDown() override { std::remove(recording_.c_str()); }

    void expect_equal(const Output& output, std::uint32_t least) {
        expect_parity(output, *board_, *witness_, least);
    }

    const std::string recording_ = temporary_path("parity.rec");
    Shared<Board> board_;
    std::optional<Witness> witness_;
};

/// Passes a turn back and forth through two pipes.
class PingPong {
  public:
    PingPong() {
        if (::pipe(there_.data()) != 0 || ::pipe(back_.data()) != 0) {
            std::abort();
        }
    }
    void serve(std::uint32_t rounds) const {
        char byte = 0;
        for (std::uint32_t i = 0; i < rounds; ++i) {
            if (::write(there_[1], &byte, 1) != 1 || ::read(back_[0], &byte, 1) != 1) {
                std::abort();
            }
        }
    }
    void answer(std::uint32_t rounds) const {
        char byte = 0;
        for (std::uint32_t i = 0; i < rounds; ++i) {
            if (::read(there_[0], &byte, 1) != 1 || ::write(back_[1], &byte, 1) != 1) {
                std::abort();
            }
        }
    }

  private:
    std::array<int, 2> there_{};
    std::array<int, 2> back_{};
};

TEST_P(Parity, PingPong) {
    const std::uint32_t rounds = times(10000);
    const Output output = trace([&](Board& board) {
        const class PingPong balls;
        pin(scene_cpu());
        std::thread other([&] { board.account([&] { balls.answer(rounds); }); });
        board.account([&] { balls.serve(rounds); });
        other.join();
    });
    expect_equal(output, 2);
    EXPECT_GE(output.waits.size(), 2 * rounds);
}

TEST_P(Parity, Hogs) {
    const Output output = trace([](Board& board) {
        pin(scene_cpu());
        std::vector<std::thread> hogs;
        for (int i = 0; i < 3; ++i) {
            hogs.emplace_back([&] { board.account([] { burn_ns(250_ms); }); });
        }
        for (auto& hog : hogs) {
            hog.join();
        }
    });
    expect_equal(output, 3);
}

TEST_P(Parity, MovedWhileWaiting) {
    if (scene_cpu() == quiet_cpu()) {
        GTEST_SKIP() << "needs two CPUs";
    }
    const Output output = trace([](Board& board) {
        pin(scene_cpu());
        std::vector<std::thread> hogs;
        for (int i = 0; i < 4; ++i) {
            hogs.emplace_back([&, i] {
                board.values.at(static_cast<std::size_t>(i)) = ::gettid();
                board.account([&] { burn_until(board.stop); });
            });
        }
        board.account([&] {
            // One move of all in a wait would do; many make a wait of more than two parts likely.
            for (std::uint32_t i = 0; i < 300; ++i) {
                sleep_ns(1_ms);
                for (auto& tid : board.values) {
                    pin(static_cast<int>((i + static_cast<std::uint32_t>(tid)) & 1U), tid);
                }
            }
        });
        for (auto& tid : board.values) {
            unpin(tid);
        }
        board.stop = 1;
        for (auto& hog : hogs) {
            hog.join();
        }
    });
    expect_equal(output, 5);
    std::uint64_t moved = 0;
    for (const auto& wait : output.waits) {
        moved += wait.part_ns("elsewhere") > 0 ? 1U : 0U;
    }
    EXPECT_GT(moved, 0U) << "no wait was moved";
}

TEST_P(Parity, ForkStorm) {
    const std::uint32_t children = times(200);
    const Output output = trace([&](Board& board) {
        pin(scene_cpu());
        std::vector<pid_t> running;
        const auto reap_all = [&] {
            for (const pid_t pid : running) {
                ::waitpid(pid, nullptr, 0);
            }
            running.clear();
        };
        board.account([&] {
            for (std::uint32_t i = 0; i < children; ++i) {
                const std::uint64_t before_ns = now_ns();
                const pid_t pid = ::fork();
                if (pid == 0) {
                    ThreadLog& log = board.join_at_birth(before_ns);
                    ::sched_yield();
                    Board::finish(log);
                    ::_exit(0);
                }
                running.push_back(pid);
                if (running.size() == 8) {
                    reap_all();
                }
            }
            reap_all();
        });
    });
    expect_equal(output, children + 1);
}

TEST_P(Parity, PrioritiesChangedWhileWaiting) {
    const Output output = trace([](Board& board) {
        std::vector<std::thread> hogs;
        pin(scene_cpu());
        for (std::size_t i = 0; i < 3; ++i) {
            hogs.emplace_back([&, i] {
                board.values.at(i) = ::gettid();
                board.account([&] { burn_until(board.stop); });
            });
        }
        pin(quiet_cpu());
        board.account([&] {
            constexpr std::array policies{SCHED_OTHER, SCHED_BATCH, SCHED_FIFO, SCHED_IDLE,
                                          SCHED_RR};
            for (std::uint32_t i = 0; i < 250; ++i) {
                sleep_ns(1_ms);
                const pid_t tid = board.values.at(i % 3);
                (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(tid),
                                    static_cast<int>(i * 7 % 30) - 15);
                const int policy = policies.at(i / 3 % policies.size());
                set_policy(policy, policy == SCHED_FIFO || policy == SCHED_RR ? 1 : 0, tid);
            }
        });
        for (std::size_t i = 0; i < 3; ++i) {
            set_policy(SCHED_OTHER, 0, board.values.at(i));
            (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(board.values.at(i)), 0);
        }
        board.stop = 1;
        for (auto& hog : hogs) {
            hog.join();
        }
    });
    expect_equal(output, 4);
}

// The thread that executes takes over the id of the process's first thread, and with it must not
// take over anybody's numbers.
TEST_P(Parity, ExecByAnotherThread) {
    // The board's memory is lost with exec: what the new image reads of itself comes by a pipe.
    std::array<int, 2> report{};
    ASSERT_EQ(::pipe2(report.data(), O_NONBLOCK), 0);
    const Output output = trace([&](Board& board) {
        pin(scene_cpu());
        set_name("rqs-first");
        std::thread other([&] {
            set_name("rqs-other");
            ThreadLog& log = board.join();
            const std::string fd = std::to_string(report[1]);
            for (int i = 0; i < 20; ++i) {
                sleep_ns(100'000);
            }
            log.begin = read_myself();
            ::execl(self_path().c_str(), "rqs-executed", "--role", "executed", fd.c_str(), nullptr);
            ::_exit(1);
        });
        while (true) {
            ::pause();
        }
    });
    const ThreadLog& log = board_->logs[0];
    Reading end;
    ASSERT_EQ(::read(report[0], &end, sizeof(end)), static_cast<ssize_t>(sizeof(end)));
    ::close(report[0]);
    ::close(report[1]);
    ASSERT_EQ(output.lost, 0U);

    std::vector<Wait> after_begin;
    std::uint64_t of_first_thread = 0;
    for (const auto& wait : output.waits) {
        if (wait.ts_ns <= log.begin.ts_ns || wait.ts_ns > end.ts_ns || !wait.stamped ||
            wait.pid != static_cast<std::uint32_t>(log.pid)) {
            continue;
        }
        // The first thread wakes once more, by its own name, to die; the two may have exchanged
        // their ids by then.
        if (wait.comm == "rqs-first") {
            EXPECT_TRUE(wait.tid == static_cast<std::uint32_t>(log.pid) ||
                        wait.tid == static_cast<std::uint32_t>(log.tid))
                << wait.tid;
            ++of_first_thread;
        } else {
            after_begin.push_back(wait);
        }
    }
    std::uint64_t sum_ns = 0;
    std::set<std::uint32_t> tids;
    for (const auto& wait : after_begin) {
        sum_ns += wait.wait_ns;
        tids.insert(wait.tid);
    }
    const auto as_other = witness_->unannounced(log.tid, log.begin.ts_ns, end.ts_ns);
    const auto as_first = witness_->unannounced(log.pid, log.begin.ts_ns, end.ts_ns);
    // Once it departs by an id that it did not arrive by.
    if (as_other.most > 0 || as_first.most > 1) {
        GTEST_SKIP() << "the kernel did not announce every switch of this process";
    }
    EXPECT_EQ(after_begin.size(), end.account.waits - log.begin.account.waits);
    EXPECT_EQ(sum_ns, end.account.run_delay_ns - log.begin.account.run_delay_ns);
    EXPECT_LE(of_first_thread, 3U);
    EXPECT_TRUE(tids.count(static_cast<std::uint32_t>(log.pid)) == 1) << "nothing after exec";
}

// Preempted between saying that it will sleep and sleeping: the kernel does not count such a wait.
// Rare by nature; two recipes, one for kernels that preempt themselves anywhere (a real-time task
// that comes often) and one for those that do so at some points only (waitpid() reaps its child,
// and drops what /proc held of it, already marked as sleeping).
TEST_P(Parity, UnstampedWaits) {
    const Output output = trace([&](Board& board) {
        const std::uint64_t end_ns = now_ns() + 1500_ms;
        pin(scene_cpu());
        std::thread ticker([&] {
            while (board.turn < 2) {
                sleep_ns(1_ms);
            }
            set_policy(SCHED_FIFO, 1);
            while (now_ns() < end_ns) {
                sleep_ns(20'000);
            }
        });
        std::thread sleeper([&] {
            board.account([&] {
                ++board.turn;
                while (now_ns() < end_ns) {
                    sleep_ns(1);
                }
                sleep_ns(5_ms);  // the ticker is gone, or nobody could read anything
            });
        });
        board.account([&] {
            ++board.turn;
            while (now_ns() < end_ns) {
                const pid_t pid = ::fork();
                if (pid == 0) {
                    ::_exit(0);
                }
                (void)account_of(pid, pid);
                ::waitpid(pid, nullptr, 0);
            }
            sleep_ns(5_ms);
        });
        sleeper.join();
        ticker.join();
    });
    expect_equal(output, 2);
    std::uint64_t unstamped = 0;
    for (const auto& wait : output.waits) {
        if (!wait.stamped) {
            ++unstamped;
            EXPECT_LT(wait.wait_ns, output.duration_ns);
        }
    }
    std::printf("    %llu unstamped among %llu waits\n", static_cast<unsigned long long>(unstamped),
                static_cast<unsigned long long>(output.waits.size()));
    if (unstamped == 0) {
        GTEST_SKIP() << "none of " << output.waits.size()
                     << " waits was unstamped: this kernel hardly ever preempts a task that is "
                        "about to sleep";
    }
}

/// What text with -P says of a wait: who, for how long, and who had the CPU before.
struct Plain {
    std::uint64_t tid = 0;
    std::uint64_t wait_us = 0;
    std::uint64_t prev_tid = 0;

    bool operator==(const Plain&) const = default;
};

/// `TIME COMM TID LAT PREV-COMM PREV-TID`, where only the previous name may hold spaces.
std::vector<Plain> plain_waits(const std::vector<Line>& lines) {
    std::vector<Plain> waits;
    for (const auto& line : lines) {
        std::istringstream words(line.text);
        std::string time;
        std::string comm;
        Plain wait;
        if (words >> time >> comm >> wait.tid >> wait.wait_us) {
            wait.prev_tid = std::stoull(
                line.text.substr(line.text.rfind(' ', line.text.find_last_not_of(' '))));
            waits.push_back(wait);
        }
    }
    return waits;
}

// Plain text asks for no ledgers, so that the hook writes no history: another way through it. The
// same waits come out of it.
TEST(WithoutHistory, TheSameWaits) {
    Shared<Gate> gate;
    const std::uint32_t rounds = times(3000);
    Process process([&] {
        const class PingPong balls;
        pin(scene_cpu());
        gate->wait();
        std::thread other([&] { balls.answer(rounds); });
        balls.serve(rounds);
        other.join();
    });
    const std::string pid = std::to_string(process.pid());
    Tracer plain({"0", "-P", "-p", pid});
    Tracer all({"0", "-f", "json", "-p", pid});
    ASSERT_TRUE(plain.attached() && all.attached());
    gate->open();
    EXPECT_EQ(process.join(), 0);
    EXPECT_EQ(plain.stop(), 0);
    const std::vector<Plain> without = plain_waits(plain.lines());
    std::vector<Plain> with;
    for (const auto& wait : stop_and_check(all).waits) {
        with.push_back({wait.tid, wait.wait_ns / 1000, wait.prev_tid});
    }
    EXPECT_GE(with.size(), 2 * rounds);
    EXPECT_EQ(without.size(), with.size());
    EXPECT_TRUE(without == with);
}

INSTANTIATE_TEST_SUITE_P(Options, Parity,
                         ::testing::Values(Mode{"Default", {"-f", "json"}},
                                           Mode{"Everything",
                                                {"-f", "json", "--waker", "--stuck", "-W", "-s"}},
                                           Mode{"Recorded", {"record", "--waker"}}),
                         [](const auto& mode) { return std::string(mode.param.name); });

}  // namespace
}  // namespace rqs::ktest
