// SPDX-License-Identifier: BSD-2-Clause
// The real binary, run and listened to, and what it said, checked.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "harness/process.h"
#include "util/fd.h"

namespace rqs::ktest {

/// A line of stdout and when it came (CLOCK_MONOTONIC).
struct Line {
    std::string text;
    std::uint64_t came_ns = 0;
};

/// How a tracer is run. Most situations need an undisturbed one; an overload, one as anybody has
/// it.
enum class Run {
    favoured,       ///< on the quiet CPU, at a better priority; every line is kept
    plain,          ///< as a shell starts it; every line is kept
    plain_counted,  ///< as a shell starts it; lines of waits are counted and thrown away
};

class Tracer {
  public:
    using Words = std::vector<std::string>;

    /// Starts it; returns when its hook is attached (`attached()`) or it ended.
    explicit Tracer(Words arguments, Run run = Run::favoured);
    ~Tracer();
    Tracer(const Tracer&) = delete;
    Tracer& operator=(const Tracer&) = delete;

    [[nodiscard]] bool attached() const { return attached_; }
    [[nodiscard]] pid_t pid() const { return process_.pid(); }
    /// What came so far.
    [[nodiscard]] std::vector<Line> lines();
    [[nodiscard]] std::string stderr_text();
    /// The complete lines of stderr, and when each came.
    [[nodiscard]] std::vector<Line> stderr_lines();
    /// Lines of waits that were thrown away.
    [[nodiscard]] std::uint64_t counted_waits();
    [[nodiscard]] std::size_t line_count();
    void send(int signal) const { process_.send(signal); }
    /// Stops reading after this and closes the pipe: what `head` does.
    void hang_up();
    /// Waits until it ended by itself: its exit code, 128 + signal, or -1 if it did not end.
    int join();
    /// Ctrl-C, and join().
    int stop();
    [[nodiscard]] const Words& arguments() const { return arguments_; }

  private:
    void prepare_reader() const;
    void read_output();
    void take_output(std::string_view text);
    void take_errors(std::string_view text);
    bool wait_until_attached();
    bool has_link() const;

    Words arguments_;
    Run run_;
    harness::Process process_;
    int exit_code_ = -1;
    util::Fd out_;
    util::Fd error_;
    util::Fd wake_;  ///< our end of a pipe: closing it ends the reader
    util::Fd wake_reader_;
    bool attached_ = false;
    std::mutex mutex_;
    std::string partial_;
    std::vector<Line> lines_;
    std::string stderr_;
    std::string partial_error_;
    std::vector<Line> stderr_lines_;
    std::uint64_t counted_waits_ = 0;
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
    std::uint64_t left_out = 0;
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
/// Traces every wait with these options until each of `expected_tids` was seen, and for a moment
/// more, in which a thousand wrong events would come.
Output trace_until(const Tracer::Words& options, std::set<std::uint32_t> expected_tids);

}  // namespace rqs::ktest
