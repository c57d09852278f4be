// SPDX-License-Identifier: BSD-2-Clause
// A command that is started in two steps: forked, so that its id is known, and then let go.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "util/error.h"
#include "util/fd.h"

namespace rqs::util {

/// What env(1) exits with where a command is not there or cannot be run. An Error from release()
/// has one of these as its code.
inline constexpr ExitCode command_not_found{127};
inline constexpr ExitCode command_not_runnable{126};

/// What stands in a command's standard descriptors; -1 is what this program has there. Where it
/// runs; empty is where this program does. And what else it undoes of what this program has done to
/// itself, such as a priority: called in the child before exec, so async-signal-safe; null is
/// nothing.
struct ChildStreams {
    int in = -1;
    int out = -1;
    int err = -1;
    std::string directory = {};
    void (*before_exec)() = nullptr;
};

/// Whether a command can be found, as far as can be told without running it; the error is that of
/// Child::release(). For before anything is written that running it is to fill.
Status can_run(const std::string& name);

/// A command as a child process. It stays in the caller's process group, so that Ctrl-C on the
/// terminal reaches it directly; other signals are passed on with send(). When the thread that
/// prepared it dies without ending it, it gets SIGTERM (unless exec gave it other privileges).
class Child {
  public:
    /// Forks a process that waits for release() and then becomes `argv` (looked up in PATH). It
    /// ends by itself if this process dies before that. `argv` must not be empty. Nothing
    /// is blocked of its signals, SIGPIPE and SIGXFSZ are not ignored, and others are if this
    /// program was started to ignore them. `streams` are borrowed until this returns.
    static Result<Child> prepare(const std::vector<std::string>& argv,
                                 const ChildStreams& streams = {});

    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    /// Ends the command if it still runs (see terminate()) and reaps it.
    ~Child();

    [[nodiscard]] pid_t pid() const { return pid_; }

    /// Lets the command run. Once this returns ok, exec has happened. Otherwise the child is gone
    /// and the error's code is command_not_found or command_not_runnable.
    Status release();

    /// The command's exit code (128 + the signal where one killed it) once it has ended; never
    /// waits. Until this object goes the process stays in /proc, so its last numbers can be read.
    std::optional<int> exited();

    /// Waits for the end and returns as exited(). A signal does not interrupt this.
    int wait();

    /// Sends a signal to the command, if it still runs.
    void send(int signal);

    /// Asks the command to end (SIGTERM) and, after two seconds, does not ask (SIGKILL).
    void terminate();

  private:
    Child(pid_t pid, Fd go, Fd error) : pid_(pid), go_(std::move(go)), error_(std::move(error)) {}
    std::optional<int> poll_end(int flags);
    void reap();

    pid_t pid_ = -1;
    Fd go_;     ///< a byte sent here lets the child go on
    Fd error_;  ///< errno comes here where exec failed, else it closes
    std::string name_;
    std::optional<int> code_;
};

}  // namespace rqs::util
