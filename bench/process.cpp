// SPDX-License-Identifier: BSD-2-Clause
#include "bench/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "bench/loads/crowd.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX wants it declared

namespace rqs::bench {
namespace {

constexpr std::size_t pipe_bytes = 1U << 20;
constexpr auto load_patience = std::chrono::minutes{2};
constexpr std::string_view wait_line_start = R"({"type":"wait")";

/// `HH:MM:SS …`, as text of all tools of this kind begins.
bool is_text_row(std::string_view line) {
    return line.size() > 8 && line[2] == ':' && line[5] == ':' && line[8] == ' ';
}

std::string reason() {
    return std::strerror(errno);
}

}  // namespace

Result<Pipe> Pipe::make() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail("cannot make a pipe: " + reason());
    }
    Pipe pipe;
    pipe.read.reset(ends[0]);
    pipe.write.reset(ends[1]);
    // Where the system does not grant that much, its own size does.
    (void)::fcntl(ends[0], F_SETPIPE_SZ, static_cast<int>(pipe_bytes));
    return pipe;
}

Result<Process> Process::start(const std::vector<std::string>& argv, const Files& files) {
    const Fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    const auto pick = [&null](int fd) { return fd < 0 ? null.get() : fd; };
    std::vector<char*> words;
    for (const std::string& word : argv) {
        words.push_back(const_cast<char*>(word.c_str()));  // NOLINT: execve's old prototype
    }
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, pick(files.in), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, pick(files.out), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, pick(files.err), STDERR_FILENO);
    pid_t pid = -1;
    const int error = ::posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        return fail("cannot run " + argv[0] + ": " + std::strerror(error));
    }
    return Process{pid};
}

Process::Usage Process::join() {
    constexpr std::uint64_t ns_per_s = 1'000'000'000;
    constexpr std::uint64_t ns_per_us = 1000;
    constexpr std::uint64_t bytes_per_kib = 1024;
    rusage spent{};
    int status = 0;
    while (::wait4(pid_, &status, 0, &spent) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    const auto ns = [](const timeval& time) {
        return static_cast<std::uint64_t>(time.tv_sec) * ns_per_s +
               static_cast<std::uint64_t>(time.tv_usec) * ns_per_us;
    };
    return {ns(spent.ru_utime) + ns(spent.ru_stime),
            static_cast<std::uint64_t>(spent.ru_maxrss) * bytes_per_kib,
            WIFEXITED(status) && WEXITSTATUS(status) == 0};
}

Process::~Process() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

void Process::signal(int number) const {
    if (pid_ > 0) {
        ::kill(pid_, number);
    }
}

bool Process::ended() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
        pid_ = -1;
    }
    return pid_ < 0;
}

bool Process::wait(Clock::duration timeout) {
    const auto deadline = Clock::now() + timeout;
    while (!ended()) {
        if (Clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
}

Drain::Drain(Fd fd, bool count_waits, bool first)
    : fd_(std::move(fd)),
      null_(::open("/dev/null", O_WRONLY | O_CLOEXEC)),
      wanted_(count_waits),
      keeping_(count_waits),
      first_(first),
      thread_([this] { run(); }) {}

Drain::~Drain() {
    join();
}

void Drain::keep() {
    wanted_.store(true);
    while (!keeping_.load()) {
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
}

void Drain::join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Drain::run() {
    std::optional<loads::Precedence> precedence;
    if (first_) {
        precedence.emplace();
    }
    std::vector<char> bytes(pipe_bytes);
    for (;;) {
        pollfd ready{fd_.get(), POLLIN, 0};
        ::poll(&ready, 1, 20);
        if (wanted_.load()) {
            keeping_.store(true);
        }
        if (ready.revents == 0) {
            continue;
        }
        if (keeping_.load()) {
            const ssize_t got = ::read(fd_.get(), bytes.data(), bytes.size());
            if (got <= 0) {
                break;
            }
            take({bytes.data(), static_cast<std::size_t>(got)});
        } else if (::splice(fd_.get(), nullptr, null_.get(), nullptr, pipe_bytes,
                            SPLICE_F_NONBLOCK) == 0) {
            break;
        }
    }
    keeping_.store(true);
}

void Drain::take(std::string_view bytes) {
    for (;;) {
        const std::size_t end = bytes.find('\n');
        if (end == std::string_view::npos) {
            rest_.append(bytes);
            return;
        }
        if (rest_.empty()) {
            take_line(bytes.substr(0, end));
        } else {
            rest_.append(bytes.substr(0, end));
            take_line(rest_);
            rest_.clear();
        }
        bytes.remove_prefix(end + 1);
    }
}

void Drain::take_line(std::string_view line) {
    if (line.substr(0, wait_line_start.size()) == wait_line_start || is_text_row(line)) {
        ++wait_lines_;
        return;
    }
    lost_events_ += rqs::bench::lost_events(line);
    last_line_ = line;
}

std::uint64_t lost_events(std::string_view line) {
    std::uint64_t count = 0;
    std::array<char, 8> verb{};
    // NOLINTNEXTLINE(cert-err34-c): a number that a tool printed
    if (std::sscanf(std::string(line).c_str(), "%7[Llost] %lu events", verb.data(), &count) != 2) {
        return 0;
    }
    return count;
}

Result<Load> Load::start(const std::string& program, const std::vector<std::string>& words) {
    auto in = Pipe::make();
    auto out = Pipe::make();
    if (!in || !out) {
        return tl::unexpected(in ? out.error() : in.error());
    }
    std::vector<std::string> argv{program};
    argv.insert(argv.end(), words.begin(), words.end());
    auto process = Process::start(argv, {in->read.get(), out->write.get(), STDERR_FILENO});
    if (!process) {
        return tl::unexpected(process.error());
    }
    Load load{std::move(*process), std::move(in->write), std::move(out->read)};
    out->write.reset();
    const auto line = load.read_line();
    if (!line || *line != "ready") {
        return fail("the load " + words[0] + " could not be set up");
    }
    return load;
}

void Load::end() {
    in_.reset();
    // A load with many threads takes a while to end; a kill in the middle would be no faster.
    process_.wait(std::chrono::seconds{20});
}

Status Load::go() {
    if (::write(in_.get(), "\n", 1) != 1) {
        return fail("a load has gone before it was started");
    }
    return {};
}

Result<LoadRun> Load::result() {
    const auto line = read_line();
    if (!line) {
        return tl::unexpected(line.error());
    }
    const auto json = nlohmann::json::parse(*line, nullptr, false);
    if (!json.is_object() || !json.contains("ops") || !json.contains("elapsed_ns")) {
        return fail("a load said something else than its result: " + *line);
    }
    return LoadRun{json["ops"].get<std::uint64_t>(), json["elapsed_ns"].get<std::uint64_t>()};
}

Result<LoadRun> Load::run() {
    if (const Status started = go(); !started) {
        return tl::unexpected(started.error());
    }
    return result();
}

Result<std::string> Load::read_line() {
    const auto deadline = Clock::now() + load_patience;
    std::string line;
    while (Clock::now() < deadline) {
        pollfd ready{out_.get(), POLLIN, 0};
        if (::poll(&ready, 1, 1000) <= 0) {
            continue;
        }
        char byte = 0;
        if (::read(out_.get(), &byte, 1) != 1) {
            return fail("a load ended without a result");
        }
        if (byte == '\n') {
            return line;
        }
        line.push_back(byte);
    }
    return fail("a load did not answer in two minutes");
}

}  // namespace rqs::bench
