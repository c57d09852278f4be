// SPDX-License-Identifier: BSD-2-Clause
#include "commands/trace.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "commands/fallback.h"
#include "commands/keeper.h"
#include "commands/progress.h"
#include "commands/views.h"
#include "enrich/cgroups.h"
#include "enrich/check.h"
#include "enrich/impossible_filters.h"
#include "enrich/namespaces.h"
#include "enrich/output_readers.h"
#include "enrich/process_watch.h"
#include "session/fanout.h"
#include "session/session.h"
#include "sources/clock_readings.h"
#include "sources/live_names.h"
#include "sources/make_source.h"
#include "util/child.h"
#include "util/dump_signal.h"
#include "util/output.h"
#include "util/priority.h"
#include "util/procfs.h"
#include "util/quiet_cpu.h"
#include "util/run_clock.h"
#include "util/safe_text.h"
#include "util/same_file.h"
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

tl::unexpected<Error> output_is_recording(const TraceOptions& options) {
    return usage_error(fmt::format(
        "what is printed and the recording would be one file, '{}'; name another with --record",
        util::printable(options.record.path)));
}

/// What can be known before anything is opened, and so emptied.
Status check_before_opening(const TraceOptions& options) {
    const std::string& recording = options.record.path;
    const std::string& output = options.view.output_path;
    if (recording == "-" && ::isatty(STDOUT_FILENO) == 1) {
        return usage_error(
            "a recording is not for a terminal; name a file, or pipe it into a program");
    }
    if (!recording.empty() && !options.record.alone && !options.record.flight_s &&
        !output.empty() && util::same_file(output, recording)) {
        return output_is_recording(options);
    }
    return options.run.command.empty() ? Status{} : util::can_run(options.run.command.front());
}

class Trace {
  public:
    explicit Trace(const TraceOptions& options)
        : options_(options),
          source_options_(options.source),
          watch_(options.source.filters.pids, options.source.filters.tids) {}
    Result<int> run();

  private:
    [[nodiscard]] bool records() const { return !options_.record.path.empty(); }
    Status raise_priority();
    Status start_source();
    Status start_command();
    [[nodiscard]] Status keep_apart() const;
    Status open_views();
    Status make_session();
    [[nodiscard]] RecordingInfo recording_info(const Session::Setup& setup) const;
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
    util::QuietCpu quiet_cpu_;
    std::optional<util::Output> out_;
    std::optional<Error> refused_;  // why the priority was not to be had
    std::unique_ptr<Views> views_;  // none where nothing is shown
    std::vector<Consumer*> consumers_;
    std::unordered_set<std::uint32_t> readers_;  // who is woken by what is printed
    SourceOptions source_options_;
    std::unique_ptr<Source> source_;
    Filters user_filters_;  // where they are applied here and not in the kernel
    std::unique_ptr<Session> session_;
    std::unique_ptr<Keeper> keeper_;  // none where nothing is recorded
    std::unique_ptr<Fanout> both_;
    std::unique_ptr<LiveNames> names_;
    std::unique_ptr<Progress> progress_;
    std::optional<util::Child> command_;
    ProcessWatch watch_;
    util::RunClock clock_;
    Counters counters_;
    bool output_gone_ = false;  // nobody takes the output any more
};

// Also where the shell has opened the file: `runqslower --record x > x`.
Status Trace::keep_apart() const {
    const auto printed = util::file_id(out_->fd());
    if (records() && !options_.record.flight_s && printed &&
        printed == util::file_id(options_.record.path)) {
        return output_is_recording(options_);
    }
    return {};
}

// What the views need decides what the source watches.
Status Trace::open_views() {
    if (!options_.record.alone) {
        auto out = open_output(options_.view.output_path);
        if (!out) {
            return tl::unexpected(out.error());
        }
        out_.emplace(std::move(*out));
        if (auto apart = keep_apart(); !apart) {
            return apart;
        }
        views_ = std::make_unique<Views>(options_.view, *out_, options_.source.history);
        consumers_ = views_->consumers();
    }
    source_options_.runs = records() || needs_of(consumers_).explanation();
    if (records()) {  // a report may want to know whatever can be known
        source_options_.parents = true;
        source_options_.lives = true;
        if (source_options_.kind == SourceKind::automatic) {
            source_options_.kind = SourceKind::bpf;  // sampling sees no switches
        }
    }
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
        const bool terminal = out_ && ::isatty(out_->fd()) == 1;
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

Status Trace::make_session() {
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
    Needs needs = session_->needs();
    RecordHandler* next = session_.get();
    if (records()) {
        auto keeper = Keeper::open(options_.record, recording_info(setup));
        if (!keeper) {
            return tl::unexpected(keeper.error());
        }
        keeper_ = std::move(*keeper);
        both_ = std::make_unique<Fanout>(*session_, keeper_->recorder());
        next = both_.get();
        needs.process_names = needs.cgroup_names = true;
        progress_ = std::make_unique<Progress>(
            *keeper_, setup.began_ns, options_.record.alone && options_.run.command.empty());
    }
    names_ = std::make_unique<LiveNames>(*next, needs);
    return {};
}

RecordingInfo Trace::recording_info(const Session::Setup& setup) const {
    RecordingInfo info = info_of(options_);
    info.cpus = setup.cpus;
    info.began_ns = setup.began_ns;
    info.realtime_offset_ns = setup.realtime_offset_ns;
    info.left_out_pids.assign(readers_.begin(), readers_.end());
    std::sort(info.left_out_pids.begin(), info.left_out_pids.end());
    return info;
}

// Waits that printing a wait causes would have no end. Whoever names a task wants it, though.
// Looked for before tracing begins, at whose priority nothing is done that can be done earlier.
void Trace::find_readers() {
    const Filters& filters = options_.source.filters;
    const bool named = !filters.pids.empty() || !filters.tids.empty();
    if (out_ && !options_.source.self && !named && in_initial_pid_namespace(util::Procfs())) {
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
    const std::string& path = options_.view.output_path;
    const bool prints = out_ && path.empty();
    streams.out = prints || options_.record.path == "-" ? STDERR_FILENO : -1;
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
    return clock_.over() || command_ended() || (out_ && out_->reader_left());
}

Status Trace::follow() {
    while (!session_->done() && !over() && !(keeper_ && keeper_->recorder().done())) {
        names_->begin_round(source_->now_ns());
        if (auto polled = source_->poll(clock_.left(longest_unnoticed), *names_); !polled) {
            return polled;
        }
        if (auto flushed = session_->flush(); !flushed) {
            return flushed;
        }
        if (keeper_) {
            keeper_->look(source_->now_ns());
            progress_->show(source_->now_ns());
        }
        for (const auto& line : watch_.ended()) {
            say(line);
        }
        if (priority_) {
            priority_->account();
            if (priority_->gives_real_time()) {
                quiet_cpu_.look(source_->now_ns());
            }
        }
    }
    return {};
}

// What was caught is handed on even where following it failed.
Status Trace::finish() {
    progress_.reset();
    Status finished = source_->finish(*names_);
    counters_ = source_->counters();
    const std::uint64_t now_ns = source_->now_ns();
    session_->end(now_ns, counters_);
    if (out_) {
        output_gone_ = out_->closed() || out_->reader_left();
        auto written = out_->finish();
        if (written && out_->error()) {
            written = tl::unexpected(*out_->error());
        }
        finished = finished ? written : finished;
    }
    if (keeper_) {
        Counters counters = counters_;
        counters.kept = session_->kept();
        const auto kept = keeper_->finish(now_ns, counters);
        finished = finished ? kept : finished;
        say(keeper_->last_word());
    }
    return finished;
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
    // Whoever sees the hook may ask for a dump.
    if (records()) {
        util::catch_dump_signal();
    }
    if (auto hurry = util::PriorityGuard::hurry(options_.run.priority)) {
        hurry_.emplace(std::move(*hurry));
    }
    Status ready = open_views();
    if (ready) {
        find_readers();
        ready = start_source();
    }
    if (!ready) {
        return tl::unexpected(ready.error());
    }
    if (ready = make_session(); !ready) {
        return tl::unexpected(ready.error());
    }
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
    if (auto ready = check_before_opening(options); !ready) {
        return tl::unexpected(ready.error());
    }
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
