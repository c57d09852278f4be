// SPDX-License-Identifier: BSD-2-Clause
#include "commands/report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "commands/replay_span.h"
#include "commands/views.h"
#include "consumers/reporter.h"
#include "database/writer.h"
#include "filter/wait_filter.h"
#include "html/writer.h"
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
    /// What is written beside the report, whole or not at all.
    struct File {
        std::string path;
        std::unique_ptr<Consumer> writer;
        std::function<Status()> publish;
    };

    template <typename Writer, typename Publish>
    Status add_file(const std::string& path, Result<std::unique_ptr<Writer>> made, Publish publish);
    Status open();
    void make_consumers();
    Status make_session();
    void print_report();
    Status follow();
    [[nodiscard]] Status keep_apart() const;
    Status open_files();
    Status publish_files();
    Status finish();
    void say_damage() const;

    const TraceOptions& options_;
    std::unique_ptr<RecordingSource> source_;
    ReplaySpan span_;
    std::optional<util::Output> out_;
    std::unique_ptr<Views> views_;  // one of the two
    std::unique_ptr<Reporter> reporter_;
    std::vector<File> files_;  // beside it
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
    if (auto opened = open_files(); !opened) {
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
    const ReplayOptions& replay = options_.replay;
    std::vector<std::string> written;
    for (const std::string& name :
         {path, replay.sqlite_path, replay.html_path, replay.perfetto_path}) {
        if (name.empty()) {
            continue;
        }
        if (std::any_of(written.begin(), written.end(), [&name](const std::string& other) {
                return util::same_file(name, other);
            })) {
            return usage_error(fmt::format("'{}' is named for two files; name another one",
                                           util::printable(name)));
        }
        written.push_back(name);
    }
    return {};
}

template <typename Writer, typename Publish>
Status Report::add_file(const std::string& path, Result<std::unique_ptr<Writer>> made,
                        Publish publish) {
    if (!made) {
        return tl::unexpected(made.error());
    }
    Writer* writer = made->get();
    files_.push_back({path, std::move(*made), [writer, publish] { return publish(*writer); }});
    return {};
}

// A new kind of file is a row here.
Status Report::open_files() {
    const ReplayOptions& replay = options_.replay;
    const ViewOptions& view = options_.view;
    const auto publish_with_damage = [this](auto& writer) {
        return writer.publish(source_->info(), source_->damage());
    };
    Status status;
    if (!replay.sqlite_path.empty()) {
        const auto named = view.named_tasks.value_or(database::Writer::default_named_tasks);
        status = add_file(replay.sqlite_path, database::Writer::create(replay.sqlite_path, named),
                          publish_with_damage);
    }
    if (status && !replay.html_path.empty()) {
        status = add_file(replay.html_path, html::Writer::create(replay.html_path, view.by),
                          publish_with_damage);
    }
    if (status && !replay.perfetto_path.empty()) {
        const auto named = view.named_tasks.value_or(perfetto::Writer::default_named_tasks);
        status = add_file(replay.perfetto_path,
                          perfetto::Writer::create(replay.perfetto_path, source_->info(), named),
                          [](perfetto::Writer& writer) { return writer.publish(); });
    }
    return status;
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
    for (const File& file : files_) {
        consumers_.push_back(file.writer.get());
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
    Status status;
    for (const File& file : files_) {
        const Status published =
            complete ? file.publish()
                     : fail(fmt::format("'{}' was not written: not all of the recording was read",
                                        util::printable(file.path)));
        status = status ? published : status;
    }
    return status;
}

Status Report::finish() {
    counters_ = source_->counters();
    // --from may lie behind the end of the recording.
    session_->end(std::max(source_->now_ns(), span_.from_ns), counters_);
    if (reporter_) {
        print_report();
    }
    const Status published = publish_files();
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
