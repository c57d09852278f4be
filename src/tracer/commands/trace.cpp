// SPDX-License-Identifier: BSD-2-Clause
#include "commands/trace.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>

#include "cli/check.h"
#include "commands/pipeline.h"
#include "sources/make_source.h"
#include "util/child.h"
#include "util/procfs.h"
#include "util/stop_signals.h"

namespace rqs {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class Trace {
  public:
    explicit Trace(const Options& options) : options_(options) {}
    Result<int> run();

  private:
    Status start_command();
    Status follow(Source& source, Pipeline& pipeline);
    [[nodiscard]] milliseconds time_left() const;
    [[nodiscard]] bool reader_left() const;
    bool command_ended();
    bool over();
    void let_command_end();
    int exit_code();

    const Options& options_;
    std::optional<util::Child> command_;
    std::optional<Clock::time_point> deadline_;
};

// Only now: what is forked while everything is in place is known from its first instant.
Status Trace::start_command() {
    if (options_.command.empty()) {
        return {};
    }
    auto child = util::Child::prepare(options_.command);
    if (!child) {
        return tl::unexpected(child.error());
    }
    command_ = std::move(*child);
    return command_->release();
}

milliseconds Trace::time_left() const {
    // The longest that the end of a command or of its reader may go unnoticed.
    constexpr milliseconds longest{100};
    if (!deadline_) {
        return longest;
    }
    const auto left = std::chrono::ceil<milliseconds>(*deadline_ - Clock::now());
    return std::clamp(left, milliseconds{0}, longest);
}

// A pipe whose reader is gone is noticed even when there is nothing to write to it.
bool Trace::reader_left() const {
    pollfd out{STDOUT_FILENO, 0, 0};
    return ::poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

bool Trace::command_ended() {
    return command_ && command_->exited().has_value();
}

bool Trace::over() {
    return util::stop_signal() != 0 || (deadline_ && time_left().count() == 0) || command_ended();
}

Status Trace::follow(Source& source, Pipeline& pipeline) {
    while (!pipeline.done() && !over() && !reader_left()) {
        if (auto polled = source.poll(time_left(), pipeline); !polled) {
            return polled;
        }
        if (auto flushed = pipeline.flush(); !flushed) {
            return flushed;
        }
    }
    return {};
}

// The command has had the signal too, and gets time to clean up.
void Trace::let_command_end() {
    constexpr milliseconds patience{2000};
    constexpr milliseconds step{10};
    for (milliseconds waited{0}; waited < patience && !command_ended(); waited += step) {
        ::poll(nullptr, 0, static_cast<int>(step.count()));
    }
}

// The command's own code, unless it was we who ended it because -d or -n said so.
int Trace::exit_code() {
    if (!command_) {
        return 0;
    }
    if (const auto code = command_->exited()) {
        return *code;
    }
    const int signal = util::stop_signal();
    if (signal != 0) {
        if (util::stop_signal_was_sent()) {
            command_->send(signal);
        }
        let_command_end();
    }
    command_->terminate();
    const int code = command_->wait();
    return signal != 0 ? code : 0;
}

Result<int> Trace::run() {
    util::catch_stop_signals();
    std::optional<pid_t> ancestor;
    if (!options_.command.empty()) {
        ancestor = ::getpid();
    }
    std::string note;
    auto source = start_source(options_, ancestor, note);
    if (!source) {
        return tl::unexpected(source.error());
    }
    if (!note.empty()) {
        std::fprintf(stderr, "runqslower: %s\n", note.c_str());
    }
    Pipeline pipeline(options_, (*source)->samples());
    pipeline.give_up_when([] { return util::stop_signal() != 0; });
    pipeline.begin();
    if (auto flushed = pipeline.flush(); !flushed) {
        return tl::unexpected(flushed.error());
    }
    if (auto started = start_command(); !started) {
        return tl::unexpected(started.error());
    }
    if (options_.duration_s) {
        deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                       std::chrono::duration<double>(*options_.duration_s));
    }
    const auto followed = follow(**source, pipeline);
    const auto finished = (*source)->finish(pipeline);
    const auto ended = pipeline.end((*source)->counters());
    for (const auto& status : {followed, finished, ended}) {
        if (!status) {
            return tl::unexpected(status.error());
        }
    }
    return exit_code();
}

}  // namespace

Result<int> run_trace(const Options& options) {
    if (auto there = cli::check_against_system(options, util::Procfs()); !there) {
        return tl::unexpected(there.error());
    }
    return Trace(options).run();
}

}  // namespace rqs
