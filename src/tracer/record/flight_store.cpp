// SPDX-License-Identifier: BSD-2-Clause
#include "record/flight_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "record/recording_writer.h"

namespace rqs::record {
namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

}  // namespace

std::string dump_path(const std::string& path, std::int64_t real_s) {
    const std::time_t when = real_s;
    tm local{};
    ::localtime_r(&when, &local);
    std::array<char, 32> stamp{};
    (void)std::strftime(stamp.data(), stamp.size(), "-%Y%m%d-%H%M%S", &local);
    const std::size_t slash = path.rfind('/');
    const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
    std::size_t dot = path.rfind('.');
    if (dot == std::string::npos || dot <= name) {
        dot = path.size();
    }
    const std::string head = path.substr(0, dot) + stamp.data();
    const std::string tail = path.substr(dot);
    std::string found = head + tail;
    for (int i = 2; ::access(found.c_str(), F_OK) == 0; ++i) {
        found = fmt::format("{}-{}{}", head, i, tail);
    }
    return found;
}

Status FlightStore::put(PackedBlock block) {
    const std::uint64_t longest_ns = block.summary.longest_wait_ns;
    bytes_ += block.frame.size();
    blocks_.push_back(std::move(block));
    const std::uint64_t newest_ns = blocks_.back().summary.last_ns;
    while (blocks_.size() > 1 && (bytes_ > limits_.max_bytes ||
                                  blocks_.front().summary.last_ns + limits_.span_ns < newest_ns)) {
        bytes_ -= blocks_.front().frame.size();
        from_ns_ = blocks_.front().summary.last_ns;
        blocks_.pop_front();
    }
    if (limits_.trigger_ns && longest_ns > *limits_.trigger_ns) {
        ask(fmt::format("a wait of {:.3f} ms", static_cast<double>(longest_ns) / 1e6), newest_ns);
    } else {
        dump_if_due(newest_ns);
    }
    return {};
}

Status FlightStore::finish(const RunEnding& ending) {
    if (reason_) {
        dump(*reason_, ending.ended_ns);
    }
    return {};
}

void FlightStore::ask(std::string reason, std::uint64_t now_ns) {
    if (!reason_) {
        reason_ = std::move(reason);
    }
    dump_if_due(now_ns);
}

void FlightStore::dump_if_due(std::uint64_t now_ns) {
    if (reason_ && now_ns >= not_before_ns_) {
        dump(*reason_, now_ns);
    }
}

// By value: what is dumped for may be the reason that is forgotten here.
void FlightStore::dump(std::string reason, std::uint64_t now_ns) {
    reason_.reset();
    not_before_ns_ = now_ns + limits_.span_ns;
    told_(write_dump(std::move(reason), now_ns));
}

Status FlightStore::write(const std::string& path) const {
    auto file = util::ByteFile::create(path);
    if (!file) {
        return tl::unexpected(file.error());
    }
    RecordingWriter writer(std::move(*file));
    RecordingInfo info = info_;
    info.waits_before = blocks_.front().summary.waits_before;
    info.from_ns = from_ns_;
    Status status = writer.begin(info);
    RunEnding ending;
    for (const PackedBlock& block : blocks_) {
        status = status ? writer.put(block) : status;
        ending.ended_ns = block.summary.last_ns;
    }
    return status ? writer.finish(ending) : status;
}

Result<FlightDump> FlightStore::write_dump(std::string reason, std::uint64_t now_ns) {
    FlightDump dump;
    dump.reason = std::move(reason);
    if (blocks_.empty()) {
        return dump;
    }
    const std::int64_t real_s =
        (static_cast<std::int64_t>(now_ns) + info_.realtime_offset_ns) / ns_per_s;
    dump.path = dump_path(path_, real_s);
    if (auto written = write(dump.path); !written) {
        (void)::unlink(dump.path.c_str());
        return tl::unexpected(written.error());
    }
    dump.span_ns =
        blocks_.back().summary.last_ns - std::max(from_ns_, blocks_.front().summary.first_ns);
    from_ns_ = blocks_.back().summary.last_ns;
    blocks_.clear();
    dump.bytes = std::exchange(bytes_, 0);
    ++dumps_;
    return dump;
}

}  // namespace rqs::record
