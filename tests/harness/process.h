// SPDX-License-Identifier: BSD-2-Clause
// Child processes of tests, and programs with their three standard streams in the test's hands.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "util/fd.h"

namespace rqs::harness {

/// How long a test waits for what should take no time worth mentioning.
inline constexpr std::chrono::seconds patience{60};

/// Reaps `pid`: its exit code, 128 + the signal that killed it, or -1 if it did not end within
/// `limit`.
int reap(pid_t pid, std::chrono::nanoseconds limit = patience);

/// A forked child, killed and reaped at the latest when this object goes. It dies with the thread
/// that started it, so that a test that crashes leaves nothing behind.
class Process {
  public:
    Process() = default;
    /// Runs `body` in the child, which then exits with 0. Throws std::runtime_error where there is
    /// no process to be had.
    explicit Process(const std::function<void()>& body);
    Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    Process& operator=(Process&& other) noexcept;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() { stop(); }

    /// -1 once it was reaped.
    [[nodiscard]] pid_t pid() const { return pid_; }
    void send(int signal) const;
    /// Whether it has ended by itself. It stays in /proc until join().
    [[nodiscard]] bool ended() const;
    /// As reap(). After -1 the process is still there.
    int join(std::chrono::nanoseconds limit = patience);
    /// Kills and reaps it, stopped (SIGSTOP) or not.
    void stop();

  private:
    pid_t pid_ = -1;
};

using Words = std::vector<std::string>;

/// How to start a program. The defaults are: three pipes, this user.
struct Setting {
    std::string input = {};        ///< standard input; it ends behind this
    bool nobody = false;           ///< without privileges
    std::string stdout_path = {};  ///< a file in place of the pipe
    bool closed_stdout = false;    ///< a pipe whose reader is gone
    bool no_stdout = false;        ///< descriptor 1 is closed
    /// Standard output and standard error are a terminal of 80 columns; both come as stdout.
    bool on_terminal = false;
    std::function<void()> place = {};  ///< called in the child before exec: CPU, priority
};

/// A running program and our ends of its pipes.
struct Spawned {
    Process process;
    util::Fd in;
    util::Fd out;  ///< none where stdout is not a pipe that is read
    util::Fd err;  ///< none where it is the terminal
};

/// Starts `words[0]` (looked up in PATH) with SIGPIPE as a shell would set it. Exits with 127 where
/// exec failed, 126 where privileges could not be dropped. Throws std::runtime_error where there is
/// no pipe or no process to be had. Does not write `setting.input`.
Spawned spawn(const Words& words, const Setting& setting = {});

}  // namespace rqs::harness
