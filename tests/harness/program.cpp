// SPDX-License-Identifier: BSD-2-Clause
#include "harness/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

namespace rqs::harness {
namespace {

using std::chrono::milliseconds;

/// Appends what is there; the descriptor closes at its end.
void take(util::Fd& fd, std::string& text) {
    std::array<char, 65536> chunk{};
    const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got > 0) {
        text.append(chunk.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EINTR) {
        fd.reset();
    }
}

}  // namespace

Program::Program(const Words& words, const Setting& setting) : input_(setting.input) {
    Spawned spawned = spawn(words, setting);
    process_ = std::move(spawned.process);
    out_ = std::move(spawned.out);
    err_ = std::move(spawned.err);
    if (!input_.empty()) {
        in_ = std::move(spawned.in);
        // A program that does not read its input must not block the test, nor end it.
        (void)::fcntl(in_.get(), F_SETFL, O_NONBLOCK);
        (void)std::signal(SIGPIPE, SIG_IGN);
    }
}

void Program::feed() {
    const ssize_t size = ::write(in_.get(), input_.data(), input_.size());
    if (size > 0) {
        input_.erase(0, static_cast<std::size_t>(size));
    }
    if (input_.empty() || (size < 0 && errno != EAGAIN && errno != EINTR)) {
        in_.reset();
    }
}

/// Moves once what can be moved; false at the end of all output, or when the time is over.
bool Program::collect(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if ((!out_.valid() && !err_.valid()) || left.count() <= 0) {
        return false;
    }
    // A negative descriptor is one that poll() leaves out.
    std::array<pollfd, 3> ready{
        {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}, {in_.get(), POLLOUT, 0}}};
    (void)::poll(ready.data(), ready.size(), static_cast<int>(left.count()));
    if (ready[0].revents != 0) {
        take(out_, out);
    }
    if (ready[1].revents != 0) {
        take(err_, err);
    }
    if (ready[2].revents != 0) {
        feed();
    }
    return true;
}

bool Program::collect_until(const std::function<bool()>& done) {
    const auto deadline = Clock::now() + patience;
    while (!done()) {
        if (!collect(deadline)) {
            return false;
        }
    }
    return true;
}

bool Program::await(const std::string& text, bool on_stderr) {
    const std::string& where = on_stderr ? err : out;
    return collect_until([&] { return where.find(text) != std::string::npos; });
}

bool Program::await_output() {
    return collect_until([&] { return !out.empty(); });
}

bool Program::await_lines(std::size_t count) {
    return collect_until([&] {
        return static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n')) >= count;
    });
}

void Program::collect_for(milliseconds time) {
    const auto deadline = Clock::now() + time;
    while (collect(deadline)) {
    }
}

bool Program::fill() const {
    const int room = ::fcntl(out_.get(), F_GETPIPE_SZ);
    const auto deadline = Clock::now() + patience;
    int held = 0;
    while (held < room / 2 && Clock::now() < deadline) {
        std::this_thread::sleep_for(milliseconds(10));
        if (::ioctl(out_.get(), FIONREAD, &held) != 0) {
            return false;
        }
    }
    return held >= room / 2;
}

int Program::finish() {
    collect_for(patience);
    // Closed outputs are no end: the process may live on.
    const int code = process_.join();
    process_.stop();
    return code;
}

int Program::finish_unread() {
    util::Fd unread = std::move(out_);
    const int code = finish();
    out_ = std::move(unread);
    collect_for(patience);
    return code;
}

Outcome outcome_of(Program& program) {
    const int code = program.finish();
    return {code, std::move(program.out), std::move(program.err)};
}

Outcome run(const Words& words, const Setting& setting) {
    Program program(words, setting);
    return outcome_of(program);
}

}  // namespace rqs::harness
