// SPDX-License-Identifier: BSD-2-Clause
#include "util/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

#include "util/safe_text.h"
#include "util/stop_signals.h"

namespace rqs::util {
namespace {

/// Reads exactly one T; false at the end of the pipe.
template <typename T>
bool read_one(int fd, T& value) {
    ssize_t got = 0;
    do {
        got = ::read(fd, &value, sizeof value);
    } while (got < 0 && errno == EINTR);
    return got == static_cast<ssize_t>(sizeof value);
}

/// Undoes what this program does to its signals: exec gives those their default that are caught,
/// but the child must not run this program's handlers before. What its own parent ignored for it
/// (INT and QUIT in the background of a script, HUP under nohup) stays ignored.
void restore_signals() {
    for (const int signal : {SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGCHLD}) {
        struct sigaction action {};
        if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
            ::signal(signal, SIG_DFL);
        }
    }
    restore_stop_signals();
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void install_streams(const ChildStreams& streams) {
    const std::array<std::pair<int, int>, 3> places{
        {{streams.in, STDIN_FILENO}, {streams.out, STDOUT_FILENO}, {streams.err, STDERR_FILENO}}};
    for (const auto& [from, to] : places) {
        if (from >= 0) {
            ::dup2(from, to);
        }
    }
}

/// The child's side: waits for the byte, becomes the command or says why it cannot.
[[noreturn]] void run_child(const std::vector<char*>& argv, const ChildStreams& streams,
                            pid_t parent, int go_fd, int error_fd) {
    restore_signals();
    install_streams(streams);
    if (!streams.directory.empty() && ::chdir(streams.directory.c_str()) != 0) {
        ::_exit(static_cast<int>(command_not_runnable));
    }
    if (streams.before_exec != nullptr) {
        streams.before_exec();
    }
    // Should this program be killed outright, the command is not to run on for nobody.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) {
        ::_exit(0);  // it was gone before we said so
    }
    char go = 0;
    if (!read_one(go_fd, go)) {
        ::_exit(0);
    }
    ::execvp(argv[0], argv.data());
    const int error = errno;
    (void)!::write(error_fd, &error, sizeof error);
    ::_exit(static_cast<int>(error == ENOENT ? command_not_found : command_not_runnable));
}

int exit_code(const siginfo_t& info) {
    constexpr int killed_by_signal = 128;
    return info.si_code == CLD_EXITED ? info.si_status : killed_by_signal + info.si_status;
}

/// What execve() would fail with, or 0.
int exec_error(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return errno;
    }
    return S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0 ? 0 : EACCES;
}

/// As execvp() looks a command up.
int exec_error_in_path(const std::string& name) {
    const char* const set = std::getenv("PATH");
    std::string_view folders = set != nullptr ? set : "/bin:/usr/bin";
    int error = ENOENT;
    while (true) {
        const std::size_t end = std::min(folders.find(':'), folders.size());
        const std::string folder(folders.substr(0, end));
        const int here = exec_error(folder.empty() ? name : fmt::format("{}/{}", folder, name));
        if (here == 0) {
            return 0;
        }
        error = here == EACCES ? EACCES : error;
        if (end == folders.size()) {
            return error;
        }
        folders.remove_prefix(end + 1);
    }
}

Error cannot_run(const std::string& name, int error) {
    return {fmt::format("cannot run '{}': {}", printable(name), std::strerror(error)),
            error == ENOENT ? command_not_found : command_not_runnable};
}

using Pair = std::pair<Fd, Fd>;

Result<Pair> own(int made, const std::array<int, 2>& ends, std::string_view what) {
    if (made != 0) {
        return fail(fmt::format("cannot make a {}: {}", what, std::strerror(errno)));
    }
    return Pair(ends[0], ends[1]);
}

Result<Pair> make_pipe() {
    std::array<int, 2> ends{};
    return own(::pipe2(ends.data(), O_CLOEXEC), ends, "pipe");
}

Result<Pair> make_socket_pair() {
    std::array<int, 2> ends{};
    return own(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), ends,
               "socket pair");
}

}  // namespace

Status can_run(const std::string& name) {
    const bool is_path = name.find('/') != std::string::npos;
    const int error = is_path ? exec_error(name) : exec_error_in_path(name);
    return error == 0 ? Status{} : Status(tl::unexpected(cannot_run(name, error)));
}

Result<Child> Child::prepare(const std::vector<std::string>& argv, const ChildStreams& streams) {
    std::vector<std::string> words = argv;
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);

    // A socket, because a pipe whose reader was killed would raise SIGPIPE in release().
    auto go = make_socket_pair();
    auto error = make_pipe();
    if (!go || !error) {
        return tl::unexpected(go ? error.error() : go.error());
    }
    const pid_t self = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
        go->second.reset();
        error->first.reset();
        run_child(pointers, streams, self, go->first.get(), error->second.get());
    }
    if (pid < 0) {
        return fail(fmt::format("cannot start a process: {}", std::strerror(errno)));
    }
    Child child(pid, std::move(go->second), std::move(error->first));
    child.name_ = argv.front();
    return child;
}

Child::Child(Child&& other) noexcept {
    *this = std::move(other);
}

Child& Child::operator=(Child&& other) noexcept {
    if (this != &other) {
        reap();
        pid_ = std::exchange(other.pid_, -1);
        go_ = std::move(other.go_);
        error_ = std::move(other.error_);
        name_ = std::move(other.name_);
        code_ = std::exchange(other.code_, std::nullopt);
    }
    return *this;
}

Child::~Child() {
    reap();
}

Status Child::release() {
    const char go = 'g';
    (void)::send(go_.get(), &go, sizeof go, MSG_NOSIGNAL);  // fails where the child was killed
    int error = 0;
    const bool failed = read_one(error_.get(), error);
    go_.reset();
    error_.reset();
    if (!failed) {
        return {};
    }
    wait();
    return tl::unexpected(cannot_run(name_, error));
}

std::optional<int> Child::poll_end(int flags) {
    if (code_ || pid_ < 0) {
        return code_;
    }
    siginfo_t info{};
    int result = 0;
    do {
        // WNOWAIT leaves the zombie: its id is not reused and /proc still has it.
        result = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | flags);
    } while (result != 0 && errno == EINTR);
    if (result == 0 && info.si_pid == pid_) {
        code_ = exit_code(info);
    } else if (result != 0) {
        code_ = EXIT_FAILURE;  // somebody else reaped it: its code is lost
    }
    return code_;
}

std::optional<int> Child::exited() {
    return poll_end(WNOHANG);
}

int Child::wait() {
    return poll_end(0).value_or(EXIT_FAILURE);
}

void Child::send(int signal) {
    if (pid_ > 0 && !exited()) {
        ::kill(pid_, signal);
    }
}

void Child::terminate() {
    constexpr std::chrono::milliseconds pause{10};
    constexpr int patience = 200;
    send(SIGTERM);
    send(SIGCONT);  // a stopped process would not see it
    for (int i = 0; i < patience && pid_ > 0 && !exited(); ++i) {
        std::this_thread::sleep_for(pause);
    }
    send(SIGKILL);
    if (pid_ > 0) {
        wait();
    }
}

void Child::reap() {
    if (pid_ < 0) {
        return;
    }
    go_.reset();  // a child that was never let go ends by this
    terminate();
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

}  // namespace rqs::util
