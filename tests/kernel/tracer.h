// SPDX-License-Identifier: BSD-2-Clause
// The real binary, run and listened to, and what it said, checked.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace rqs::ktest {

/// A line of stdout and when it came (CLOCK_MONOTONIC).
struct Line {
    std::string text;
    std::uint64_t came_ns = 0;
};

class Tracer {
  public:
    using Words = std::vector<std::string>;

    /// Starts it on the quiet CPU; returns when its hook is attached (`attached()`) or it ended.
    explicit Tracer(Words arguments);
    ~Tracer();
    Tracer(const Tracer&) = delete;
    Tracer& operator=(const Tracer&) = delete;

    [[nodiscard]] bool attached() const { return attached_; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// What came so far.
    [[nodiscard]] std::vector<Line> lines();
    [[nodiscard]] std::string stderr_text();
    [[nodiscard]] std::size_t line_count();
    void send(int signal) const;
    /// Stops reading after this and closes the pipe: what `head` does.
    void hang_up();
    /// Waits until it ended by itself: its exit code, 128 + signal, or -1 if it did not end.
    int join();
    /// Ctrl-C, and join().
    int stop();
    [[nodiscard]] const Words& arguments() const { return arguments_; }

  private:
    void read_output();
    bool wait_until_attached();
    bool has_link() const;

    Words arguments_;
    pid_t pid_ = -1;
    int exit_code_ = -1;
    int out_ = -1;
    int error_ = -1;
    int wake_ = -1;  // end of a pipe: ends the reader
    int wake_reader_ = -1;
    bool attached_ = false;
    std::mutex mutex_;
    std::string partial_;
    std::vector<Line> lines_;
    std::string stderr_;
    std::thread reader_;
};

struct Part {
    std::string kind;
    std::string relation;
    std::string comm;
    std::uint64_t ns = 0;
    std::uint32_t tid = 0;
    std::uint32_t pid = 0;
    bool kthread = false;
};

struct Wait {
    std::uint64_t ts_ns = 0;
    std::uint64_t wait_ns = 0;
    std::uint64_t cgroup_id = 0;
    std::uint32_t cpu = 0;
    std::uint32_t tid = 0;
    std::uint32_t pid = 0;
    std::uint32_t prev_tid = 0;
    std::string comm;
    std::string cause;
    std::vector<Part> why;
    bool stamped = true;
    bool complete = true;
    bool has_waker = false;
    std::uint32_t waker_tid = 0;

    /// ns of all parts of this kind.
    [[nodiscard]] std::uint64_t part_ns(const std::string& kind) const;
};

struct Stuck {
    std::uint64_t came_ns = 0;
    std::uint64_t ts_ns = 0;
    std::uint64_t waiting_ns = 0;
    std::uint32_t cpu = 0;
    std::uint32_t tid = 0;
    std::uint32_t running_tid = 0;
    std::string cause;
};

/// All that a run said as JSON.
struct Output {
    std::vector<Wait> waits;
    std::vector<Stuck> stuck;
    std::uint64_t seen = 0;
    std::uint64_t kept = 0;
    std::uint64_t lost = 0;
    std::uint64_t unverified = 0;
    std::uint64_t late = 0;
    std::uint64_t duration_ns = 0;
    int exit_code = -1;

    [[nodiscard]] std::vector<Wait> of_tid(pid_t tid) const;
    [[nodiscard]] std::set<std::uint32_t> tids() const;
    [[nodiscard]] std::set<std::uint32_t> pids() const;
};

/// Stops the tracer and reads what it said. Everything that must hold for every run is checked
/// here: valid JSON and UTF-8, parts that sum to their wait, no impossible value, the order of
/// time, a summary that agrees with the lines.
Output stop_and_check(Tracer& tracer);
/// The same for a tracer that ended by itself.
Output check(Tracer& tracer);

}  // namespace rqs::ktest
