// SPDX-License-Identifier: BSD-2-Clause
#include "commands/keeper.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>

#include "enrich/topology.h"
#include "record/file_store.h"
#include "record/flight_store.h"
#include "util/clock.h"
#include "util/dump_signal.h"
#include "util/safe_text.h"
#include "util/say.h"

namespace rqs {
namespace {

/// This program's own words.
std::vector<std::string> command_line() {
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(file), {}};
    std::vector<std::string> words;
    for (std::size_t at = 0; at < all.size();) {
        const std::size_t end = std::min(all.find('\0', at), all.size());
        words.push_back(all.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

void say_dump(const Result<record::FlightDump>& dump) {
    if (!dump) {
        util::say(fmt::format("runqslower: {}; the flight recorder goes on", dump.error().message));
    } else if (dump->bytes == 0) {
        util::say(fmt::format("runqslower: {}, but nothing has happened since the last dump",
                              dump->reason));
    } else {
        util::say(fmt::format("runqslower: {}: wrote the last {:.1f} s to '{}' ({})", dump->reason,
                              static_cast<double>(dump->span_ns) / 1e9, util::printable(dump->path),
                              size_text(dump->bytes)));
    }
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
    constexpr double kilo = 1000;
    const auto size = static_cast<double>(bytes);
    return size < kilo          ? fmt::format("{} bytes", bytes)
           : size < kilo * kilo ? fmt::format("{:.1f} kB", size / kilo)
                                : fmt::format("{:.1f} MB", size / (kilo * kilo));
}

RecordingInfo info_of(const TraceOptions& options) {
    RecordingInfo info;
    utsname system{};
    (void)::uname(&system);
    info.tool = fmt::format("runqslower {}", RQS_VERSION);
    info.host = &system.nodename[0];
    info.kernel = &system.release[0];
    info.machine = &system.machine[0];
    info.command_line = command_line();
    info.boottime_offset_ns = static_cast<std::int64_t>(util::clock_ns(CLOCK_BOOTTIME)) -
                              static_cast<std::int64_t>(util::monotonic_ns());
    info.topology = read_topology();
    info.min_us = options.source.min_us;
    info.filters = options.source.filters;
    info.waker = options.source.waker;
    info.of_command = !options.run.command.empty();
    return info;
}

Status Keeper::open_file(const RecordingInfo& info) {
    auto file = record::FileStore::open(options_.path, info, {options_.max_bytes, options_.files});
    if (!file) {
        return tl::unexpected(file.error());
    }
    file_ = file->get();
    store_ = std::move(*file);
    return {};
}

Status Keeper::open_flight(const RecordingInfo& info) {
    constexpr double ns_per_s = 1e9;
    constexpr std::uint64_t ns_per_us = 1000;
    auto triggers = Triggers::make(options_.trigger_pressure);
    if (!triggers) {
        return tl::unexpected(triggers.error());
    }
    triggers_ = std::move(*triggers);
    record::FlightLimits limits;
    limits.span_ns = static_cast<std::uint64_t>(*options_.flight_s * ns_per_s);
    limits.max_bytes = options_.flight_bytes.value_or(default_flight_bytes);
    if (options_.trigger_us) {
        limits.trigger_ns = *options_.trigger_us * ns_per_us;
    }
    auto flight = std::make_unique<record::FlightStore>(options_.path, info, limits, say_dump);
    flight_ = flight.get();
    store_ = std::move(flight);
    return {};
}

Result<std::unique_ptr<Keeper>> Keeper::open(const RecordOptions& options,
                                             const RecordingInfo& info) {
    std::unique_ptr<Keeper> keeper(new Keeper(options));
    const Status opened = options.flight_s ? keeper->open_flight(info) : keeper->open_file(info);
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    record::LineOptions line;
    line.threads = record::packing_threads(info.cpus);
    keeper->recorder_ = std::make_unique<record::Recorder>(*keeper->store_, line);
    return keeper;
}

// The block at hand has what a dump is about.
void Keeper::look(std::uint64_t now_ns) {
    if (flight_ == nullptr) {
        if (util::take_dump_signal()) {
            util::say(
                "runqslower: SIGUSR1 asks a flight recorder for a dump (--flight); this "
                "recording goes on");
        }
        return;
    }
    if (auto reason = triggers_->look(now_ns)) {
        recorder_->cut();
        recorder_->run([this, now_ns, why = std::move(*reason)] { flight_->ask(why, now_ns); });
    }
    if (util::take_dump_signal()) {
        recorder_->cut();
        recorder_->run([this, now_ns] { flight_->dump("SIGUSR1", now_ns); });
    }
}

Status Keeper::finish(std::uint64_t now_ns, const Counters& counters) {
    auto finished = recorder_->finish(now_ns, counters);
    // Whoever reads the pipe had enough: a normal end.
    return file_ != nullptr && file_->reader_left() ? Status{} : finished;
}

std::string Keeper::last_word() const {
    const std::string name = options_.path == "-"
                                 ? "standard output"
                                 : fmt::format("'{}'", util::printable(options_.path));
    if (flight_ != nullptr) {
        return fmt::format("saw {} switches, wrote {} dump{}; {} waits lost", recorder_->switches(),
                           flight_->dumps(), flight_->dumps() == 1 ? "" : "s", recorder_->lost());
    }
    if (file_->reader_left()) {
        return "the reader of the recording has gone: nothing more is recorded";
    }
    const std::uint64_t switches = file_->switches();
    std::string word =
        fmt::format("recorded {} switches to {} ({})", switches, name, size_text(store_->bytes()));
    if (switches > 0) {
        word += fmt::format(", {:.1f} bytes each",
                            static_cast<double>(store_->bytes()) / static_cast<double>(switches));
    }
    const std::uint64_t not_stored = recorder_->waits() - file_->waits();
    if (file_->full()) {
        return word + fmt::format("; {} waits lost; it ended since --max-size was reached",
                                  recorder_->lost());
    }
    word += fmt::format("; {} waits lost", recorder_->lost() + not_stored);
    if (not_stored > 0) {
        word += fmt::format(", {} of them since they could not be written", not_stored);
    }
    return word;
}

}  // namespace rqs
