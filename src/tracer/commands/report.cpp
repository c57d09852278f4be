// SPDX-License-Identifier: BSD-2-Clause
#include "commands/report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "commands/replay_span.h"
#include "commands/views.h"
#include "consumers/reporter.h"
#include "database/writer.h"
#include "filter/wait_filter.h"
#include "perfetto/writer.h"
#include "session/session.h"
#include "sinks/recording_report.h"
#include "sources/recording.h"
#include "util/safe_text.h"
#include "util/same_file.h"
#include "util/say.h"
#include "util/stop_signals.h"

namespace rqs {
namespace {

class Report {
  public:
    explicit Report(const TraceOptions& options) : options_(options) {}
    Result<int> run();

  private:
    Status open();
    void make_consumers();
    Status make_session();
    void print_report();
    Status follow();
    [[nodiscard]] Status keep_apart() const;
    Status open_database();
    Status open_trace();
    Status publish_files();
    Status finish();
    void say_damage() const;

    const TraceOptions& options_;
    std::unique_ptr<RecordingSource> source_;
    ReplaySpan span_;
    std::optional<util::Output> out_;
    std::unique_ptr<Views> views_;  // one of the two
    std::unique_ptr<Reporter> reporter_;
    std::unique_ptr<database::Writer> database_;  // beside it, with --sqlite
    std::unique_ptr<perfetto::Writer> trace_;     // with --perfetto
    std::vector<Consumer*> consumers_;
    std::unique_ptr<Session> session_;
    Counters counters_;
};

Status Report::open() {
    if (!options_.replay.events && !sinks::reports_recordings(options_.view.format)) {
        return usage_error(
            "a report is text, json or csv; with --events waits are printed in every format");
    }
    const Filters& filters = options_.source.filters;
    if (const auto option = WaitFilter::unsupported(filters); !option.empty()) {
        return usage_error(
            fmt::format("{}: a recording cannot look into BPF maps; give ids or names", option));
    }
    auto source = RecordingSource::open(options_.replay.files);
    if (!source) {
        return tl::unexpected(source.error());
    }
    source_ = std::move(*source);
    auto span = replay_span(options_, source_->info());
    if (!span) {
        return tl::unexpected(span.error());
    }
    span_ = *span;
    source_->want(options_.source.min_us, span_);
    if (auto apart = keep_apart(); !apart) {
        return apart;
    }
    auto opened = open_database();
    opened = opened ? open_trace() : opened;
    if (!opened) {
        return opened;
    }
    auto out = open_output(options_.view.output_path);
    if (!out) {
        return tl::unexpected(out.error());
    }
    out_.emplace(std::move(*out));
    return {};
}

// Writing would begin with emptying what is to be read.
Status Report::keep_apart() const {
    const std::string& path = options_.view.output_path;
    const auto file = path.empty() ? util::file_id(STDOUT_FILENO) : util::file_id(path);
    const auto read = file ? source_->reads(*file) : std::nullopt;
    if (read) {
        return usage_error(
            fmt::format("{} is what is read; name another file for what is written (-o)", *read));
    }
    return {};
}

Status Report::open_database() {
    const std::string& path = options_.replay.sqlite_path;
    if (path.empty()) {
        return {};
    }
    auto database = database::Writer::create(
        path, options_.view.named_tasks.value_or(database::Writer::default_named_tasks));
    if (!database) {
        return tl::unexpected(database.error());
    }
    database_ = std::move(*database);
    return {};
}

Status Report::open_trace() {
    const std::string& path = options_.replay.perfetto_path;
    if (path.empty()) {
        return {};
    }
    auto trace = perfetto::Writer::create(
        path, source_->info(),
        options_.view.named_tasks.value_or(perfetto::Writer::default_named_tasks));
    if (!trace) {
        return tl::unexpected(trace.error());
    }
    trace_ = std::move(*trace);
    return {};
}

void Report::make_consumers() {
    if (options_.replay.events) {
        views_ = std::make_unique<Views>(options_.view, *out_, 0);
        consumers_ = views_->consumers();
    } else {
        reporter_ = std::make_unique<Reporter>(options_.view.by);
        consumers_.push_back(reporter_.get());
        if (source_->info().everything()) {
            std::vector<std::uint32_t> online;
            for (const CpuPlace& place : source_->info().topology) {
                online.push_back(place.cpu);
            }
            reporter_->look_at_idle(std::move(online));
        }
    }
    if (database_) {
        consumers_.push_back(database_.get());
    }
    if (trace_) {
        consumers_.push_back(trace_.get());
    }
}

Status Report::make_session() {
    const RecordingInfo& info = source_->info();
    make_consumers();
    Session::Setup setup;
    setup.min_us = std::max(options_.source.min_us, info.min_us);
    setup.cpus = info.cpus;
    setup.began_ns = std::max(info.covered_from_ns(), span_.from_ns);
    setup.realtime_offset_ns = info.realtime_offset_ns;
    setup.count = options_.run.count;
    setup.filters = &options_.source.filters;
    session_ = std::make_unique<Session>(setup, consumers_);
    if (!options_.source.self) {
        session_->leave_out({info.left_out_pids.begin(), info.left_out_pids.end()});
    }
    session_->begin();
    return session_->flush();
}

Status Report::follow() {
    while (!source_->ended() && !session_->done() && util::stop_signal() == 0 &&
           !out_->reader_left()) {
        if (auto polled = source_->poll({}, *session_); !polled) {
            return polled;
        }
        if (auto flushed = session_->flush(); !flushed) {
            return flushed;
        }
    }
    return {};
}

void Report::print_report() {
    RecordingReport report = reporter_->take_report();
    report.info.push_back(source_->info());
    report.damage = source_->damage();
    sinks::append_recording_report(out_->buffer(), options_.view.format, report,
                                   width_of(out_->fd()));
}

// Once: where a person reads a report, it stands there already. Waits have no place for it.
void Report::say_damage() const {
    const auto& damage = source_->damage();
    if (reporter_ && options_.view.format == Format::text && ::isatty(out_->fd()) == 1) {
        return;
    }
    if (reporter_ && damage.size() > 1) {
        util::say(fmt::format(
            "runqslower: {} parts of the recording cannot be read; the report lists them",
            damage.size()));
        return;
    }
    for (const auto& line : damage) {
        util::say(fmt::format("runqslower: {}", line));
    }
}

/// A file of less than was asked for would look like one of all.
Status Report::publish_files() {
    const bool complete = source_->ended() || (session_->done() && !out_->closed());
    for (const std::string* path : {&options_.replay.sqlite_path, &options_.replay.perfetto_path}) {
        if (!complete && !path->empty()) {
            return fail(fmt::format("'{}' was not written: not all of the recording was read",
                                    util::printable(*path)));
        }
    }
    const auto database =
        database_ ? database_->publish(source_->info(), source_->damage()) : Status{};
    const auto trace = trace_ ? trace_->publish() : Status{};
    return database ? trace : database;
}

Status Report::finish() {
    counters_ = source_->counters();
    // --from may lie behind the end of the recording.
    session_->end(std::max(source_->now_ns(), span_.from_ns), counters_);
    if (reporter_) {
        print_report();
    }
    const auto published = publish_files();
    auto written = out_->finish();
    if (written && out_->error()) {
        written = tl::unexpected(*out_->error());
    }
    say_damage();
    return written ? published : written;
}

Result<int> Report::run() {
    util::catch_stop_signals();
    Status status = open();
    status = status ? make_session() : status;
    if (!status) {
        return tl::unexpected(status.error());
    }
    status = follow();
    const auto finished = finish();
    if (status = status ? finished : status; !status) {
        return tl::unexpected(status.error());
    }
    // How many waits a part had that cannot be read is not always known.
    const bool missing = counters_.lost > 0 || !source_->damage().empty();
    return static_cast<int>(options_.run.strict && missing ? ExitCode::lost : ExitCode::ok);
}

}  // namespace

Result<int> run_report(const TraceOptions& options) {
    return Report(options).run();
}

}  // namespace rqs
