// SPDX-License-Identifier: BSD-2-Clause
// A program under test: started, fed, listened to, stopped.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "harness/process.h"

namespace rqs::harness {

/// A program that runs beside the test. Its output is collected only inside the calls below; in
/// between, what it prints waits in the pipes, and so may the program.
class Program {
  public:
    explicit Program(const Words& words, const Setting& setting = {});
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    [[nodiscard]] pid_t pid() const { return process_.pid(); }
    void send(int signal) const { process_.send(signal); }

    /// What was collected so far.
    std::string out;
    std::string err;

    /// Collects until `done` says so; false when the output ended, or patience, before that.
    bool collect_until(const std::function<bool()>& done);
    /// Until there is `text` on stdout (or stderr).
    bool await(const std::string& text, bool on_stderr = false);
    /// Until something is on stdout.
    bool await_output();
    /// Until so many lines are on stdout.
    bool await_lines(std::size_t count);
    /// For so long, or to the output's end.
    void collect_for(std::chrono::milliseconds time);

    /// Stops reading what it prints, as `head` does.
    void close_output() { out_.reset(); }
    /// Waits until half of the pipe of stdout, which nobody reads, is full. False if it stays
    /// empty.
    [[nodiscard]] bool fill() const;

    /// Collects all output and returns the exit code: 128 + signal where one killed it. A program
    /// that does not end is killed, and its code is -1.
    int finish();
    /// As finish(), but stdout is read only once the program has ended.
    int finish_unread();

  private:
    using Clock = std::chrono::steady_clock;
    bool collect(Clock::time_point deadline);
    void feed();

    Process process_;
    util::Fd in_;
    util::Fd out_;
    util::Fd err_;
    std::string input_;  ///< not written yet
};

/// A program that has ended.
struct Outcome {
    int code = -1;  ///< as Program::finish()
    std::string out;
    std::string err;
};

Outcome outcome_of(Program& program);
/// Runs it to its end.
Outcome run(const Words& words, const Setting& setting = {});

}  // namespace rqs::harness
