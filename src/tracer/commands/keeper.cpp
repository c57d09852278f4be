// SPDX-License-Identifier: BSD-2-Clause
#include "commands/keeper.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>

#include "record/file_store.h"
#include "sources/clock_readings.h"
#include "util/clock.h"
#include "util/safe_text.h"

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

}  // namespace

std::string size_text(std::uint64_t bytes) {
    constexpr double kilo = 1000;
    const auto size = static_cast<double>(bytes);
    return size < kilo          ? fmt::format("{} bytes", bytes)
           : size < kilo * kilo ? fmt::format("{:.1f} kB", size / kilo)
                                : fmt::format("{:.1f} MB", size / (kilo * kilo));
}

RecordingInfo info_of(const TraceOptions& options, std::uint32_t cpus, std::uint64_t began_ns) {
    RecordingInfo info;
    utsname system{};
    (void)::uname(&system);
    info.tool = fmt::format("runqslower {}", RQS_VERSION);
    info.host = &system.nodename[0];
    info.kernel = &system.release[0];
    info.machine = &system.machine[0];
    info.command_line = command_line();
    info.began_ns = began_ns;
    info.realtime_offset_ns = realtime_offset_ns();
    info.boottime_offset_ns = static_cast<std::int64_t>(util::clock_ns(CLOCK_BOOTTIME)) -
                              static_cast<std::int64_t>(util::monotonic_ns());
    info.cpus = cpus;
    info.min_us = options.source.min_us;
    info.filters = options.source.filters;
    info.waker = options.source.waker;
    info.of_command = !options.run.command.empty();
    return info;
}

Result<std::unique_ptr<Keeper>> Keeper::open(const RecordOptions& options,
                                             const RecordingInfo& info) {
    std::unique_ptr<Keeper> keeper(new Keeper(options));
    auto file = record::FileStore::open(options.path, info, {options.max_bytes, options.files});
    if (!file) {
        return tl::unexpected(file.error());
    }
    keeper->file_ = file->get();
    keeper->store_ = std::move(*file);
    keeper->recorder_ = std::make_unique<record::Recorder>(*keeper->store_);
    return keeper;
}

void Keeper::look(std::uint64_t now_ns) {
    recorder_->on_reached(now_ns);
}

Status Keeper::finish(std::uint64_t now_ns, const Counters& counters) {
    auto finished = recorder_->finish(now_ns, counters);
    // Whoever reads the pipe had enough: a normal end.
    return file_->reader_left() ? Status{} : finished;
}

std::string Keeper::last_word() const {
    const std::string name = options_.path == "-"
                                 ? "standard output"
                                 : fmt::format("'{}'", util::printable(options_.path));
    if (file_->reader_left()) {
        return "the reader of the recording has gone: nothing more is recorded";
    }
    std::string word = fmt::format("recorded {} switches to {} ({})", recorder_->switches(), name,
                                   size_text(store_->bytes()));
    if (recorder_->switches() > 0) {
        word += fmt::format(", {:.1f} bytes each", static_cast<double>(store_->bytes()) /
                                                       static_cast<double>(recorder_->switches()));
    }
    word += fmt::format("; {} waits lost", recorder_->lost());
    if (file_->full()) {
        word += "; it ended since --max-size was reached";
    }
    return word;
}

}  // namespace rqs
