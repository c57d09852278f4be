// SPDX-License-Identifier: BSD-2-Clause
#include "commands/import.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "commands/keeper.h"
#include "commands/record.h"
#include "import/open_foreign.h"
#include "import/switch_builder.h"
#include "record/file_store.h"
#include "record/recorder.h"
#include "sources/clock_readings.h"
#include "util/clock.h"
#include "util/safe_text.h"
#include "util/same_file.h"
#include "util/say.h"
#include "util/stop_signals.h"

namespace rqs {
namespace {

using import::ForeignInfo;
using import::SchedEvent;

// Where a file does not say how many there are.
constexpr std::uint32_t cpus_at_most = 1024;

/// When the file was written last: no earlier than the last event in it, and rarely much later.
/// Nothing: it is no file.
std::optional<std::int64_t> written_ns(const std::string& path) {
    constexpr std::int64_t ns_per_s = 1'000'000'000;
    struct stat status {};
    if (path == "-" || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    return status.st_mtim.tv_sec * ns_per_s + status.st_mtim.tv_nsec;
}

/// The time of the last event that goes by.
struct LastMoment final : import::EventTaker {
    void take(const SchedEvent& event) override { ns = std::max(ns, event.ts_ns); }
    std::uint64_t ns = 0;
};

/// CLOCK_REALTIME less the clock of a file that does not tell it. A file's own date is taken for
/// its end, for which it is read an extra time where that does not stand at its start. What comes
/// by a pipe has no date: where its clock may be this machine's, it is taken for that.
std::int64_t guessed_offset_ns(const ForeignInfo& foreign, const std::string& path,
                               std::uint64_t began_ns) {
    const auto written = written_ns(path);
    if (!written) {
        return began_ns <= util::monotonic_ns() ? realtime_offset_ns() : 0;
    }
    LastMoment last;
    last.ns = std::max(foreign.last_ns.value_or(0), began_ns);
    if (!foreign.last_ns) {
        auto again = import::open_foreign(path);
        while (again && util::stop_signal() == 0) {
            const auto more = (*again)->read_some(last);
            if (!more || !*more) {
                break;
            }
        }
    }
    return *written - static_cast<std::int64_t>(last.ns);
}

class Import final : public import::EventTaker {
  public:
    explicit Import(const TraceOptions& options)
        : from_(options.replay.files.front()),
          to_(options.view.to_stdout             ? "-"
              : options.view.output_path.empty() ? default_recording
                                                 : options.view.output_path) {}
    Result<int> run();
    void take(const SchedEvent& event) override;

  private:
    Status check() const;
    void begin(std::uint64_t began_ns);
    Status follow();
    Status finish();
    void say_result() const;

    const std::string from_;
    const std::string to_;
    std::unique_ptr<import::ForeignFile> file_;
    std::vector<SchedEvent> early_;  // names, from before the first moment
    std::unique_ptr<record::FileStore> store_;
    std::unique_ptr<record::Recorder> recorder_;
    std::unique_ptr<import::SwitchBuilder> builder_;
    Status status_;
};

Status Import::check() const {
    if (to_ == "-" && ::isatty(STDOUT_FILENO) == 1) {
        return usage_error(
            "a recording is not for a terminal; name a file with -o, or pipe it into a program");
    }
    const auto read = from_ == "-" ? util::file_id(STDIN_FILENO) : util::file_id(from_);
    if (read && read == (to_ == "-" ? util::file_id(STDOUT_FILENO) : util::file_id(to_))) {
        return usage_error(
            fmt::format("'{}' is what is read; name another file with -o", util::printable(from_)));
    }
    return {};
}

RecordingInfo recording_info(const ForeignInfo& foreign, const std::string& path,
                             std::uint64_t began_ns) {
    RecordingInfo info;
    info.imported_from = foreign.format;
    info.tool = foreign.tool;
    info.host = foreign.host;
    info.kernel = foreign.kernel;
    info.machine = foreign.machine;
    info.command_line = foreign.command_line;
    info.cpus = foreign.cpus == 0 ? cpus_at_most : foreign.cpus;
    info.began_ns = began_ns;
    info.waker = true;
    info.realtime_offset_ns = foreign.realtime_offset_ns
                                  ? *foreign.realtime_offset_ns
                                  : guessed_offset_ns(foreign, path, began_ns);
    return info;
}

void Import::begin(std::uint64_t began_ns) {
    const RecordingInfo info = recording_info(file_->info(), from_, began_ns);
    auto store = record::FileStore::open(to_, info, {});
    if (!store) {
        status_ = tl::unexpected(store.error());
        return;
    }
    store_ = std::move(*store);
    record::LineOptions line;
    line.threads = 1;
    recorder_ = std::make_unique<record::Recorder>(*store_, line);
    builder_ = std::make_unique<import::SwitchBuilder>(*recorder_, info.cpus);
    for (const SchedEvent& event : early_) {
        builder_->take(event);
    }
    early_ = {};
}

void Import::take(const SchedEvent& event) {
    if (!status_) {
        return;
    }
    if (builder_ == nullptr) {
        if (event.ts_ns == 0) {
            constexpr std::size_t most_early = 1U << 18;
            if (early_.size() < most_early) {
                early_.push_back(event);
            }
            return;
        }
        begin(event.ts_ns);
    }
    if (builder_ != nullptr) {
        builder_->take(event);
    }
}

Status Import::follow() {
    while (util::stop_signal() == 0 && !(recorder_ && recorder_->done())) {
        const auto more = file_->read_some(*this);
        if (!more || !status_) {
            return more ? status_ : tl::unexpected(more.error());
        }
        if (!*more) {
            return {};
        }
    }
    return {};
}

Status Import::finish() {
    if (recorder_ == nullptr) {
        return fail(
            fmt::format("'{}' has no switches: nothing was written", util::printable(from_)));
    }
    if (!file_->damage().empty()) {
        Loss loss;
        loss.cpu = Loss::any_cpu;
        loss.from_ns = loss.to_ns = builder_->now_ns();
        loss.lost = 1;  // how many is not told
        loss.reason = LossReason::damage;
        recorder_->on_loss(loss);
    }
    Counters counters;
    counters.seen = counters.kept = builder_->counts().waits;
    counters.lost = recorder_->lost();
    const Status finished = recorder_->finish(builder_->now_ns(), counters);
    return store_->reader_left() ? Status{} : finished;
}

void Import::say_result() const {
    const auto& counts = builder_->counts();
    util::say(
        fmt::format("runqslower: imported {} switches and {} waits from {} ({}); of {} "
                    "arrivals it is not known since when they waited; {} events lost",
                    counts.switches, counts.waits, file_->info().format, size_text(store_->bytes()),
                    counts.unknown, counts.lost));
}

Result<int> Import::run() {
    util::catch_stop_signals();
    Status status = check();
    if (!status) {
        return tl::unexpected(status.error());
    }
    auto file = import::open_foreign(from_);
    if (!file) {
        return tl::unexpected(file.error());
    }
    file_ = std::move(*file);
    status = follow();
    const Status finished = finish();
    for (const auto& line : file_->damage()) {
        util::say("runqslower: " + line);
    }
    if (status = status ? finished : status; !status) {
        return tl::unexpected(status.error());
    }
    say_result();
    const int signal = util::stop_signal();
    constexpr int killed = 128;
    return signal == 0 ? static_cast<int>(ExitCode::ok) : killed + signal;
}

}  // namespace

Result<int> run_import(const TraceOptions& options) {
    if (options.replay.files.size() != 1) {
        return usage_error("import makes a recording of one file; name one");
    }
    return Import(options).run();
}

}  // namespace rqs
