// SPDX-License-Identifier: BSD-2-Clause
#include "program.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace rqs::pkgtest {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(60);
constexpr uid_t nobody_id = 65534;

struct Pipes {
    std::array<int, 2> in{-1, -1};
    std::array<int, 2> out{-1, -1};
    std::array<int, 2> err{-1, -1};
};

[[noreturn]] void become(const Words& words, const Pipes& pipes, bool nobody) {
    ::dup2(pipes.in[0], STDIN_FILENO);
    ::dup2(pipes.out[1], STDOUT_FILENO);
    ::dup2(pipes.err[1], STDERR_FILENO);
    // Opened before privileges go: nobody may not be allowed into the directory that it is in.
    const int program = nobody ? ::open(words.at(0).c_str(), O_PATH | O_CLOEXEC) : -1;
    if (nobody &&
        (::setgroups(0, nullptr) != 0 || ::setgid(nobody_id) != 0 || ::setuid(nobody_id) != 0)) {
        ::_exit(126);
    }
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const auto& word : words) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    if (nobody) {
        ::fexecve(program, arguments.data(), environ);
    } else {
        ::execvp(arguments[0], arguments.data());
    }
    ::_exit(127);
}

pid_t launch(const Words& words, Pipes& pipes, bool nobody) {
    if (::pipe2(pipes.in.data(), O_CLOEXEC) != 0 || ::pipe2(pipes.out.data(), O_CLOEXEC) != 0 ||
        ::pipe2(pipes.err.data(), O_CLOEXEC) != 0) {
        return -1;
    }
    const pid_t pid = ::fork();
    if (pid == 0) {
        become(words, pipes, nobody);
    }
    ::close(pipes.in[0]);
    ::close(pipes.out[1]);
    ::close(pipes.err[1]);
    return pid;
}

int wait_for(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Appends what is there; false at the end.
bool read_some(int fd, std::string& to) {
    std::array<char, 16384> chunk{};
    const ssize_t size = ::read(fd, chunk.data(), chunk.size());
    if (size > 0) {
        to.append(chunk.data(), static_cast<std::size_t>(size));
    }
    return size > 0 || (size < 0 && errno == EINTR);
}

void close_and_forget(int& fd) {
    ::close(fd);
    fd = -1;
}

/// Reads both outputs until they end.
class Listener {
  public:
    Listener(pid_t pid, int out, int err, const Start& start)
        : pid_(pid), out_(out), err_(err), start_(start) {}

    Outcome run(std::string first) {
        outcome_.out = std::move(first);
        const auto end = Clock::now() + patience;
        while (out_ >= 0 || err_ >= 0) {
            if (Clock::now() > end) {
                ::kill(pid_, SIGKILL);
            }
            listen();
            interrupt_when_due();
        }
        outcome_.exit_code = wait_for(pid_);
        return std::move(outcome_);
    }

  private:
    void listen() {
        std::array<pollfd, 2> descriptors{{{out_, POLLIN, 0}, {err_, POLLIN, 0}}};
        if (::poll(descriptors.data(), descriptors.size(), 100) <= 0) {
            return;
        }
        if (out_ >= 0 && descriptors[0].revents != 0 &&
            (!read_some(out_, outcome_.out) || enough_lines())) {
            close_and_forget(out_);
        }
        if (err_ >= 0 && descriptors[1].revents != 0 && !read_some(err_, outcome_.err)) {
            close_and_forget(err_);
        }
    }

    [[nodiscard]] bool enough_lines() const {
        return start_.lines > 0 &&
               static_cast<std::size_t>(
                   std::count(outcome_.out.begin(), outcome_.out.end(), '\n')) >= start_.lines;
    }

    void interrupt_when_due() {
        if (start_.interrupt_after == 0 || outcome_.out.empty()) {
            return;
        }
        if (due_ == Clock::time_point{}) {
            due_ = Clock::now() + std::chrono::seconds(start_.interrupt_after);
        } else if (Clock::now() > due_) {
            ::kill(pid_, SIGINT);
            due_ = Clock::time_point::max();
        }
    }

    pid_t pid_;
    int out_;
    int err_;
    const Start& start_;
    Outcome outcome_;
    Clock::time_point due_{};
};

std::string from_environment(const char* variable, const char* otherwise) {
    const char* given = std::getenv(variable);
    return given != nullptr ? given : otherwise;
}

}  // namespace

Outcome run(const Words& words, const Start& start) {
    (void)std::signal(SIGPIPE, SIG_IGN);
    Pipes pipes;
    const pid_t pid = launch(words, pipes, start.nobody);
    if (pid < 0) {
        return {};
    }
    std::size_t at = 0;
    while (at < start.input.size()) {
        const ssize_t size = ::write(pipes.in[1], start.input.data() + at, start.input.size() - at);
        if (size <= 0) {
            break;
        }
        at += static_cast<std::size_t>(size);
    }
    ::close(pipes.in[1]);
    return Listener(pid, pipes.out[0], pipes.err[0], start).run({});
}

Background::Background(const Words& words) {
    Pipes pipes;
    pid_ = launch(words, pipes, false);
    ::close(pipes.in[1]);
    out_ = pipes.out[0];
    err_ = pipes.err[0];
}

Background::~Background() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        (void)wait_for(pid_);
        ::close(out_);
        ::close(err_);
    }
}

bool Background::wait_for_output() {
    pollfd descriptor{out_, POLLIN, 0};
    const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
    return ::poll(&descriptor, 1, static_cast<int>(wait_ms)) > 0 && read_some(out_, first_);
}

void Background::interrupt() const {
    ::kill(pid_, SIGINT);
}

Outcome Background::join() {
    const Start start;
    Outcome outcome = Listener(pid_, out_, err_, start).run(std::move(first_));
    pid_ = -1;
    return outcome;
}

std::string ecc() {
    return from_environment("RQS_ECC_BIN", RQS_ECC);
}

std::string ecli() {
    return from_environment("RQS_ECLI_BIN", RQS_ECLI);
}

Scratch::Scratch() {
    std::string pattern = std::filesystem::temp_directory_path() / "pkgtest-XXXXXX";
    path_ = ::mkdtemp(pattern.data()) != nullptr ? pattern : std::string();
    // Some tests run their program as another user.
    std::filesystem::permissions(path_, std::filesystem::perms(0755));
}

Scratch::~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool may_trace() {
    return ::geteuid() == 0 && std::filesystem::exists("/sys/kernel/btf/vmlinux");
}

}  // namespace rqs::pkgtest
