// SPDX-License-Identifier: BSD-2-Clause
#include "commands/trace.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "aggregate/summarizer.h"
#include "commands/fallback.h"
#include "consumers/printer.h"
#include "enrich/cgroups.h"
#include "enrich/check.h"
#include "enrich/impossible_filters.h"
#include "enrich/namespaces.h"
#include "enrich/output_readers.h"
#include "enrich/process_watch.h"
#include "session/session.h"
#include "sources/clock_readings.h"
#include "sources/live_names.h"
#include "sources/make_source.h"
#include "util/child.h"
#include "util/output.h"
#include "util/priority.h"
#include "util/procfs.h"
#include "util/run_clock.h"
#include "util/say.h"
#include "util/stop_signals.h"

namespace rqs {
namespace {

using std::chrono::milliseconds;

// The longest that the end of a command or of its reader may go unnoticed.
constexpr milliseconds longest_unnoticed{100};

void say(std::string_view line) {
    util::say(fmt::format("runqslower: {}", line));
}

/// Columns of the terminal that reads the output; 80 where there is none.
std::size_t width_of(int fd) {
    constexpr std::size_t usual = 80;
    winsize size{};
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

class Trace {
  public:
    explicit Trace(const TraceOptions& options)
        : options_(options),
          source_options_(options.source),
          watch_(options.source.filters.pids, options.source.filters.tids) {}
    Result<int> run();

  private:
    Status open_output();
    Status raise_priority();
    Status start_source();
    Status start_command();
    void make_consumers();
    void make_session();
    void find_readers();
    Status follow();
    Status finish();
    bool command_ended();
    bool over();
    void let_command_end();
    Result<int> exit_code(const Status& traced);
    int command_code(bool traced);

    const TraceOptions& options_;
    // Last to go: also the end of a run is not to take for ever on a crowded machine.
    std::optional<util::PriorityGuard> hurry_;
    std::optional<util::PriorityGuard> priority_;
    std::optional<util::Output> out_;
    std::optional<Error> refused_;  // why the priority was not to be had
    std::unique_ptr<Printer> printer_;
    std::unique_ptr<Summarizer> summarizer_;
    std::vector<Consumer*> consumers_;
    std::unordered_set<std::uint32_t> readers_;  // who is woken by what is printed
    SourceOptions source_options_;
    std::unique_ptr<Source> source_;
    Filters user_filters_;  // where they are applied here and not in the kernel
    std::unique_ptr<Session> session_;
    std::unique_ptr<LiveNames> names_;
    std::optional<util::Child> command_;
    ProcessWatch watch_;
    util::RunClock clock_;
    Counters counters_;
    bool output_gone_ = false;  // nobody takes the output any more
};

Status Trace::open_output() {
    const std::string& path = options_.view.output_path;
    if (path.empty()) {
        out_.emplace(STDOUT_FILENO);
    } else {
        auto file = util::Output::create_file(path);
        if (!file) {
            return tl::unexpected(file.error());
        }
        out_.emplace(std::move(*file));
    }
    out_->give_up_when([] { return util::stop_signal() != 0; });
    return {};
}

// Right before the hook is there: from then on the rings fill, however long this thread has to
// queue. What comes before, like loading the programs, is urgent enough at nice -20.
Status Trace::raise_priority() {
    auto guard = util::PriorityGuard::raise(options_.run.priority, "--priority");
    if (!guard) {
        refused_ = guard.error();
        return tl::unexpected(guard.error());
    }
    priority_.emplace(std::move(*guard));
    return {};
}

Status Trace::start_source() {
    std::optional<pid_t> ancestor;
    if (!options_.run.command.empty()) {
        ancestor = ::getpid();
    }
    std::optional<Error> why_not;
    auto source = rqs::start_source(
        source_options_, ancestor, [this] { return raise_priority(); }, why_not);
    if (refused_) {  // sampling instead is not what was asked for
        return tl::unexpected(*refused_);
    }
    if (!source) {
        return tl::unexpected(source.error());
    }
    source_ = std::move(*source);
    if (why_not) {
        const bool terminal = ::isatty(out_->fd()) == 1;
        if (auto may = may_fall_back(options_.view, terminal, *why_not); !may) {
            return may;
        }
    }
    if (why_not) {
        say(
            fmt::format("{}. Sampling /proc/PID/task/TID/schedstat instead: means are measured, "
                        "single waits are not known",
                        why_not->message));
    } else if (priority_ && !priority_->full() && !source_->samples()) {
        say(
            fmt::format("reads at priority {}: on an overloaded machine waits may be lost; "
                        "cap_sys_nice or a larger --buffer helps",
                        priority_->granted()));
    }
    return {};
}

// What they need decides what the source watches.
void Trace::make_consumers() {
    printer_ = std::make_unique<Printer>(options_.view, *out_, width_of(out_->fd()),
                                         options_.source.history);
    if (options_.view.summary) {
        summarizer_ = std::make_unique<Summarizer>(
            options_.view.by, options_.view.interval_s,
            [this](const SummaryReport& report) { printer_->report(report); });
        consumers_.push_back(summarizer_.get());  // an interval's report stands before what follows
    }
    consumers_.push_back(printer_.get());
    source_options_.runs = needs_of(consumers_).explanation();
}

void Trace::make_session() {
    Session::Setup setup;
    setup.min_us = options_.source.min_us;
    setup.cpus = source_->cpus();
    setup.sampled = source_->samples();
    setup.began_ns = source_->now_ns();
    setup.realtime_offset_ns = realtime_offset_ns();
    setup.count = options_.run.count;
    if (options_.source.filter_in_user_space) {
        user_filters_ = options_.source.filters;
        if (const auto path = find_v2_path(user_filters_.cgroup_path, util::Procfs())) {
            user_filters_.cgroup_path = path->from_mount;
        }
        setup.filters = &user_filters_;
    }
    session_ = std::make_unique<Session>(setup, consumers_);
    names_ = std::make_unique<LiveNames>(*session_, session_->needs());
}

// Waits that printing a wait causes would have no end. Whoever names a task wants it, though.
// Looked for before tracing begins, at whose priority nothing is done that can be done earlier.
void Trace::find_readers() {
    const Filters& filters = options_.source.filters;
    const bool named = !filters.pids.empty() || !filters.tids.empty();
    if (!options_.source.self && !named && in_initial_pid_namespace(util::Procfs())) {
        readers_ = output_readers(out_->fd(), util::Procfs());
    }
}

// Only now: what is forked while everything is in place is known from its first instant. Standard
// output belongs to the events unless they have a file of their own.
Status Trace::start_command() {
    if (options_.run.command.empty()) {
        return {};
    }
    util::ChildStreams streams;
    streams.out = options_.view.output_path.empty() ? STDERR_FILENO : -1;
    streams.before_exec = util::PriorityGuard::restore_in_child;
    auto child = util::Child::prepare(options_.run.command, streams);
    if (!child) {
        return tl::unexpected(child.error());
    }
    command_ = std::move(*child);
    return command_->release();
}

bool Trace::command_ended() {
    return command_ && command_->exited().has_value();
}

bool Trace::over() {
    return clock_.over() || command_ended() || out_->reader_left();
}

Status Trace::follow() {
    while (!session_->done() && !over()) {
        names_->begin_round(source_->now_ns());
        if (auto polled = source_->poll(clock_.left(longest_unnoticed), *names_); !polled) {
            return polled;
        }
        if (auto flushed = session_->flush(); !flushed) {
            return flushed;
        }
        for (const auto& line : watch_.ended()) {
            say(line);
        }
        if (priority_) {
            priority_->account();
        }
    }
    return {};
}

// What was caught is handed on even where following it failed.
Status Trace::finish() {
    const auto finished = source_->finish(*names_);
    counters_ = source_->counters();
    session_->end(source_->now_ns(), counters_);
    output_gone_ = out_->closed() || out_->reader_left();
    auto written = out_->finish();
    if (written && out_->error()) {
        written = tl::unexpected(*out_->error());
    }
    return finished ? written : finished;
}

// The command has had the signal too, and gets time to clean up.
void Trace::let_command_end() {
    constexpr milliseconds patience{2000};
    constexpr milliseconds step{10};
    for (milliseconds waited{0}; waited < patience && !command_ended(); waited += step) {
        ::poll(nullptr, 0, static_cast<int>(step.count()));
    }
}

// The command's own code, unless it was we who ended it because -d or -n said so. A command that
// can no longer be traced, since nobody takes the output, is not ended for that.
int Trace::command_code(bool traced) {
    const bool wanted_end = traced && !output_gone_;
    while (!wanted_end && !command_ended() && util::stop_signal() == 0) {
        ::poll(nullptr, 0, static_cast<int>(longest_unnoticed.count()));
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

Result<int> Trace::exit_code(const Status& traced) {
    int code = 0;
    if (command_) {
        if (!traced) {
            say(traced.error().message);
        }
        if ((!traced || output_gone_) && !command_ended()) {
            say(traced ? "nobody takes the output any more: tracing has ended, the command goes on"
                       : "tracing has ended, the command goes on");
        }
        code = command_code(traced.has_value());
    }
    if (code != 0) {
        return code;
    }
    if (!traced) {
        return command_ ? Result<int>(static_cast<int>(traced.error().code))
                        : tl::unexpected(traced.error());
    }
    return static_cast<int>(options_.run.strict && counters_.lost > 0 ? ExitCode::lost
                                                                      : ExitCode::ok);
}

Result<int> Trace::run() {
    util::catch_stop_signals();
    if (auto hurry = util::PriorityGuard::hurry(options_.run.priority)) {
        hurry_.emplace(std::move(*hurry));
    }
    Status ready = open_output();
    if (ready) {
        make_consumers();
        find_readers();
        ready = start_source();
    }
    if (!ready) {
        return tl::unexpected(ready.error());
    }
    make_session();
    if (source_->samples()) {
        priority_.reset();
    }
    session_->leave_out(std::move(readers_));
    session_->begin();
    // The heading may be what the disk has no room for: a command runs all the same.
    const auto begun = session_->flush();
    if (!begun && options_.run.command.empty()) {
        return tl::unexpected(begun.error());
    }
    if (auto started = start_command(); !started) {
        return tl::unexpected(started.error());
    }
    clock_ = util::RunClock(options_.run.duration_s);
    const auto followed = begun ? follow() : begun;
    const auto finished = finish();
    return exit_code(followed ? finished : followed);
}

}  // namespace

Result<int> run_trace(const TraceOptions& options) {
    const util::Procfs procfs;
    if (auto there = check_against_system(options.source.filters, procfs); !there) {
        return tl::unexpected(there.error());
    }
    for (const auto& line : impossible_filters(options, procfs)) {
        say(line);
    }
    for (const auto& line : namespace_notes(procfs)) {
        say(line);
    }
    return Trace(options).run();
}

}  // namespace rqs
