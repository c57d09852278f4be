// SPDX-License-Identifier: BSD-2-Clause
// Child processes of the driver: tools that trace and loads that are traced. Not those of
// tests/harness/, because this measures: posix_spawn() does not copy the page tables of a driver
// with large buffers, as fork() does, and a Drain moves output without copying it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bpfkit/handles.h"
#include "util/error.h"

namespace rqs::bench {

using bpfkit::Fd;
using Clock = std::chrono::steady_clock;

/// A pipe whose ends are closed in every child that does not get them as standard files.
struct Pipe {
    Fd read;
    Fd write;
    static Result<Pipe> make();
};

/// A child that is killed and reaped at the latest when this object goes.
class Process {
  public:
    struct Files {
        int in = -1;  ///< -1: /dev/null
        int out = -1;
        int err = -1;
    };

    static Result<Process> start(const std::vector<std::string>& argv, const Files& files);

    Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    Process& operator=(Process&&) = delete;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    [[nodiscard]] pid_t pid() const { return pid_; }
    void signal(int number) const;
    /// Whether it has ended by itself; it is then reaped.
    bool ended();
    /// False when it is still there after `timeout`.
    bool wait(Clock::duration timeout);

    struct Usage {
        std::uint64_t cpu_ns = 0;    ///< user and system time, of its children too
        std::uint64_t peak_rss = 0;  ///< bytes
        bool succeeded = false;      ///< ended with 0
    };
    /// Waits for its end, however long that takes.
    Usage join();

  private:
    explicit Process(pid_t pid) : pid_(pid) {}
    pid_t pid_;
};

/// Takes what a tool writes, on a thread of its own, at next to no cost, and keeps the end of it.
class Drain {
  public:
    /// `count_waits`: reads and counts the lines of waits; else what comes is thrown away without
    /// being copied, until keep() is called. `first`: the thread runs before all ordinary tasks,
    /// so that under an overload it is not this end of the pipe that makes the tool wait.
    Drain(Fd fd, bool count_waits, bool first);
    Drain(const Drain&) = delete;
    Drain& operator=(const Drain&) = delete;
    ~Drain();

    /// From its return on, everything that comes is read.
    void keep();
    /// Waits for the end of the output, which needs the writer to have ended.
    void join();

    /// After join(): the last line that was read, and how many lines of waits there were.
    [[nodiscard]] const std::string& last_line() const { return last_line_; }
    [[nodiscard]] std::uint64_t wait_lines() const { return wait_lines_; }
    [[nodiscard]] std::uint64_t lost_events() const { return lost_events_; }

  private:
    void run();
    void take(std::string_view bytes);
    void take_line(std::string_view line);

    Fd fd_;
    Fd null_;
    std::atomic<bool> wanted_;   ///< keep() was called
    std::atomic<bool> keeping_;  ///< and the thread has heard of it
    std::string rest_;
    std::string last_line_;
    std::uint64_t wait_lines_ = 0;
    std::uint64_t lost_events_ = 0;
    bool first_;
    std::thread thread_;
};

/// The N of a line `lost N events …`, as tools of libbpf and of BCC print it; else 0.
std::uint64_t lost_events(std::string_view line);

/// What a load reports: operations in nanoseconds.
struct LoadRun {
    std::uint64_t ops = 0;
    std::uint64_t elapsed_ns = 0;
    [[nodiscard]] double ns_per_op() const {
        return ops == 0 ? 0 : static_cast<double>(elapsed_ns) / static_cast<double>(ops);
    }
};

/// rqs_load, set up and held until go().
class Load {
  public:
    static Result<Load> start(const std::string& program, const std::vector<std::string>& words);

    Load(Load&&) = default;
    Load& operator=(Load&&) = delete;
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() { end(); }

    Status go();
    /// Its tasks stay alive until end() or until this object goes.
    Result<LoadRun> result();
    Result<LoadRun> run();
    void end();

  private:
    Load(Process process, Fd in, Fd out)
        : process_(std::move(process)), in_(std::move(in)), out_(std::move(out)) {}
    Result<std::string> read_line();

    Process process_;
    Fd in_;
    Fd out_;
};

}  // namespace rqs::bench
