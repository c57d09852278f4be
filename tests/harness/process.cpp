// SPDX-License-Identifier: BSD-2-Clause
#include "harness/process.h"

#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <thread>

namespace rqs::harness {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
    util::Fd read;
    util::Fd write;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("cannot make a pipe");
    }
    return {util::Fd(ends[0]), util::Fd(ends[1])};
}

/// A terminal that hands on bytes as they are: `read` is ours, `write` the program's.
Pipe make_terminal() {
    termios plain{};
    ::cfmakeraw(&plain);
    const winsize size{24, 80, 0, 0};
    int ours = -1;
    int theirs = -1;
    if (::openpty(&ours, &theirs, nullptr, &plain, &size) != 0) {
        throw std::runtime_error("cannot make a terminal");
    }
    (void)::fcntl(ours, F_SETFD, FD_CLOEXEC);
    (void)::fcntl(theirs, F_SETFD, FD_CLOEXEC);
    return {util::Fd(ours), util::Fd(theirs)};
}

void drop_privileges() {
    constexpr uid_t nobody = 65534;
    if (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0) {
        ::_exit(126);
    }
}

void set_stdout(int pipe, const Setting& setting) {
    const bool to_file = !setting.stdout_path.empty();
    const int out = to_file ? ::open(setting.stdout_path.c_str(), O_WRONLY | O_CLOEXEC) : pipe;
    (void)::dup2(out, STDOUT_FILENO);
    if (setting.no_stdout) {
        ::close(STDOUT_FILENO);
    }
}

[[noreturn]] void become(const Words& words, const Setting& setting) {
    // What a test runner ignores is not to reach the program.
    (void)std::signal(SIGPIPE, SIG_DFL);
    if (setting.place) {
        setting.place();
    }
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (const auto& word : words) {
        argv.push_back(const_cast<char*>(word.c_str()));
    }
    argv.push_back(nullptr);
    if (setting.nobody) {
        // Opened before privileges go: nobody may not be allowed into the directory that it is in.
        const int program = ::open(argv[0], O_PATH | O_CLOEXEC);
        drop_privileges();
        ::fexecve(program, argv.data(), environ);
    } else {
        ::execvp(argv[0], argv.data());
    }
    ::_exit(127);
}

}  // namespace

int reap(pid_t pid, std::chrono::nanoseconds limit) {
    const auto deadline = Clock::now() + limit;
    int status = 0;
    pid_t got = 0;
    while ((got = ::waitpid(pid, &status, WNOHANG)) == 0 && Clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (got != pid) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Process::Process(const std::function<void()>& body) {
    const pid_t parent = ::getpid();
    (void)std::fflush(nullptr);  // or the child would print what waits here once more
    pid_ = ::fork();
    if (pid_ < 0) {
        throw std::runtime_error("cannot fork");
    }
    if (pid_ == 0) {
        (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) {
            ::_exit(1);  // the parent had gone before that took effect
        }
        body();
        ::_exit(0);
    }
}

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        stop();
        pid_ = std::exchange(other.pid_, -1);
    }
    return *this;
}

void Process::send(int signal) const {
    // kill(-1) would reach every process of the machine.
    if (pid_ > 0) {
        ::kill(pid_, signal);
    }
}

bool Process::ended() const {
    siginfo_t info{};
    return pid_ < 0 ||
           (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == pid_);
}

int Process::join(std::chrono::nanoseconds limit) {
    const int code = pid_ > 0 ? reap(pid_, limit) : -1;
    if (code >= 0) {
        pid_ = -1;
    }
    return code;
}

void Process::stop() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
    }
}

Spawned spawn(const Words& words, const Setting& setting) {
    Pipe in = make_pipe();
    Pipe out = setting.on_terminal ? make_terminal() : make_pipe();
    Pipe err = make_pipe();
    if (setting.closed_stdout) {
        out.read.reset();
    }
    Process process([&] {
        (void)::dup2(in.read.get(), STDIN_FILENO);
        const Pipe& errors = setting.on_terminal ? out : err;
        (void)::dup2(errors.write.get(), STDERR_FILENO);
        set_stdout(out.write.get(), setting);
        become(words, setting);
    });
    if (setting.on_terminal) {
        err.read.reset();
    }
    return {std::move(process), std::move(in.write), std::move(out.read), std::move(err.read)};
}

}  // namespace rqs::harness
