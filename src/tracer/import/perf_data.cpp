// SPDX-License-Identifier: BSD-2-Clause
#include "import/perf_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace rqs::import {
namespace {

using Kind = SchedEvent::Kind;

// enum perf_event_type, and from 64 on perf's own.
constexpr std::uint32_t record_lost = 2;
constexpr std::uint32_t record_comm = 3;
constexpr std::uint32_t record_exit = 4;
constexpr std::uint32_t record_fork = 7;
constexpr std::uint32_t record_sample = 9;
constexpr std::uint32_t record_lost_samples = 13;
constexpr std::uint32_t record_attribute = 64;
constexpr std::uint32_t record_tracing_data = 66;
constexpr std::uint32_t record_round = 68;
constexpr std::uint32_t record_auxtrace = 71;
constexpr std::uint32_t record_feature = 80;
constexpr std::uint32_t record_compressed = 81;
constexpr std::uint32_t record_compressed2 = 83;

// Numbers of header features.
constexpr std::size_t feature_tracing_data = 1;
constexpr std::size_t feature_host = 3;
constexpr std::size_t feature_kernel = 4;
constexpr std::size_t feature_version = 5;
constexpr std::size_t feature_machine = 6;
constexpr std::size_t feature_cpus = 7;
constexpr std::size_t feature_command = 11;
constexpr std::size_t feature_times = 21;
constexpr std::size_t feature_clock = 29;
constexpr std::size_t features = 256;

constexpr std::size_t record_header_bytes = 8;
constexpr std::size_t most_tracing_bytes = std::size_t{64} << 20;
constexpr std::size_t most_feature_bytes = std::size_t{1} << 20;
constexpr std::uint64_t most_attributes = 1U << 16;
constexpr std::uint32_t most_cpus = 8192;

std::string text_in(ByteView body) {
    Cursor cursor(body);
    const std::string_view text = cursor.text(cursor.u32());
    return std::string(text.substr(0, text.find('\0')));
}

}  // namespace

Result<std::unique_ptr<ForeignFile>> PerfData::open(ByteSource source) {
    std::unique_ptr<PerfData> file(new PerfData(std::move(source)));
    file->info_.format = "perf.data";
    constexpr std::size_t mark_and_size = 16;
    Cursor cursor(file->source_.peek(mark_and_size));
    (void)cursor.bytes(perf_mark.size());
    file->piped_ = cursor.u64() == mark_and_size;
    const Status opened = file->piped_ ? file->open_pipe() : file->open_file();
    if (!opened) {
        return fail(fmt::format("{}: {}", file->source_.name(), opened.error().message));
    }
    return std::unique_ptr<ForeignFile>(std::move(file));
}

Status PerfData::open_file() {
    constexpr std::size_t header_bytes = 104;
    if (!source_.size()) {
        return fail(
            "only perf.data that was written to a pipe can be read from one; give the file");
    }
    const std::vector<std::uint8_t> header = source_.read_at(0, header_bytes);
    Cursor cursor(header);
    (void)cursor.bytes(perf_mark.size() + sizeof(std::uint64_t));
    const std::uint64_t attribute_bytes = cursor.u64();
    const std::uint64_t attributes_at = cursor.u64();
    const std::uint64_t attributes_bytes = cursor.u64();
    const std::uint64_t data_at = cursor.u64();
    const std::uint64_t data_bytes = cursor.u64();
    (void)cursor.u64();
    (void)cursor.u64();
    if (cursor.failed()) {
        return fail("it is cut at its start");
    }
    if (auto read = read_attributes(attributes_at, attributes_bytes, attribute_bytes); !read) {
        return read;
    }
    read_features(cursor, data_at + data_bytes);
    if (!has_tracing_) {
        return fail(data_bytes == 0
                        ? "its recorder was killed: it has no end, and perf writes what "
                          "it is about there"
                    : data_at + data_bytes > *source_.size()
                        ? "it is cut: what it is about stands at its end"
                        : "it has no tracepoints; 'perf sched record' makes such a file");
    }
    source_.seek(data_at);
    left_bytes_ = data_bytes;
    return {};
}

Status PerfData::read_attributes(std::uint64_t offset, std::uint64_t bytes, std::uint64_t each) {
    constexpr std::uint64_t section_bytes = 16;
    constexpr std::uint64_t longest = 4096;
    if (each <= section_bytes || each > longest || bytes / each > most_attributes) {
        return fail("what it says of its events cannot be read");
    }
    const std::vector<std::uint8_t> all =
        source_.read_at(offset, static_cast<std::size_t>(bytes / each * each));
    Cursor cursor(all);
    while (!cursor.ended()) {
        const ByteView attribute = cursor.bytes(each - section_bytes);
        const std::uint64_t ids_at = cursor.u64();
        const std::uint64_t ids_bytes = cursor.u64();
        take_attribute(attribute, source_.read_at(ids_at, std::min<std::uint64_t>(
                                                              ids_bytes, most_feature_bytes)));
    }
    return layout_ ? Status{} : fail("it says nothing of its events");
}

/// Nearly always all events are laid out alike, and ids need not be looked up.
void PerfData::take_attribute(ByteView attribute, ByteView ids) {
    const auto layout = PerfLayout::of_attribute(attribute);
    if (!layout) {
        return;
    }
    if (!layout_) {
        layout_ = layout;
    }
    Cursor cursor(ids);
    while (*layout != *layout_ && !cursor.ended() && layouts_.size() < most_attributes) {
        layouts_.emplace(cursor.u64(), *layout);
    }
}

void PerfData::read_features(Cursor mask, std::uint64_t offset) {
    const ByteView bits = mask.bytes(features / 8);
    for (std::size_t number = 0; number < bits.size() * 8; ++number) {
        if ((bits[number / 8] >> number % 8 & 1) == 0) {
            continue;
        }
        const std::vector<std::uint8_t> section = source_.read_at(offset, 16);
        offset += 16;
        Cursor cursor(section);
        const std::uint64_t at = cursor.u64();
        const std::size_t most =
            number == feature_tracing_data ? most_tracing_bytes : most_feature_bytes;
        const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(cursor.u64(), most));
        const std::vector<std::uint8_t> body = source_.read_at(at, bytes);
        if (number == feature_tracing_data) {
            (void)take_tracing_data(body);
        } else {
            take_feature(number, body);
        }
    }
}

void PerfData::take_feature(std::size_t number, ByteView body) {
    Cursor cursor(body);
    switch (number) {
        case feature_host:
            info_.host = text_in(body);
            break;
        case feature_kernel:
            info_.kernel = text_in(body);
            break;
        case feature_version:
            info_.tool = "perf " + text_in(body);
            break;
        case feature_machine:
            info_.machine = text_in(body);
            break;
        case feature_cpus: {
            const std::uint32_t cpus = std::max(cursor.u32(), cursor.u32());
            info_.cpus = cpus <= most_cpus ? cpus : 0;
            break;
        }
        case feature_command: {
            constexpr std::uint32_t most_words = 4096;
            const std::uint32_t words = std::min(cursor.u32(), most_words);
            for (std::uint32_t i = 0; i < words && !cursor.failed(); ++i) {
                const std::string_view word = cursor.text(cursor.u32());
                info_.command_line.emplace_back(word.substr(0, word.find('\0')));
            }
            break;
        }
        case feature_times:
            (void)cursor.u64();
            if (const std::uint64_t last_ns = cursor.u64();
                last_ns != 0) {  // 0: `-z` has not seen it
                info_.last_ns = last_ns;
            }
            break;
        case feature_clock: {
            (void)cursor.u64();  // version and which clock
            const auto real_ns = static_cast<std::int64_t>(cursor.u64());
            info_.realtime_offset_ns = real_ns - static_cast<std::int64_t>(cursor.u64());
            break;
        }
        default:
            break;
    }
}

Status PerfData::take_tracing_data(ByteView body) {
    Cursor cursor(body);
    auto data = read_tracing_data(cursor);
    if (!data) {
        return tl::unexpected(data.error());
    }
    tracing_ = std::move(*data);
    has_tracing_ = true;
    return {};
}

// Up to the first sample: what there is to know of events comes before them.
Status PerfData::open_pipe() {
    source_.drop(16);
    while (!layout_ || !has_tracing_) {
        const auto record = next_record();
        if (!record) {
            return fail("it ends before its first event");
        }
        if (auto taken = take_piped(*record); !taken) {
            return taken;
        }
    }
    return {};
}

Status PerfData::take_piped(const Record& record) {
    Cursor cursor(record.body);
    if (record.type == record_attribute) {
        // The attribute says how long it is itself; ids follow.
        Cursor size(record.body.subspan(std::min<std::size_t>(4, record.body.size())));
        const ByteView attribute = cursor.bytes(size.u32());
        take_attribute(attribute, cursor.rest());
    } else if (record.type == record_feature) {
        const std::uint64_t number = cursor.u64();
        take_feature(static_cast<std::size_t>(std::min<std::uint64_t>(number, features)),
                     cursor.rest());
    } else if (record.type == record_tracing_data) {
        const std::uint64_t bytes = (std::uint64_t{cursor.u32()} + 7) / 8 * 8;
        if (bytes > most_tracing_bytes) {
            return fail("what it says of tracepoints cannot be read");
        }
        source_.drop(std::exchange(taken_, 0));
        const ByteView body = source_.peek(static_cast<std::size_t>(bytes));
        Status taken = take_tracing_data(body);
        source_.drop(body.size());
        return taken;
    }
    return {};
}

/// The next record of the file itself; nothing at the end, or where it is damaged.
std::optional<PerfData::Record> PerfData::next_record() {
    source_.drop(taken_);
    left_bytes_ -= std::exchange(taken_, 0);
    if (left_bytes_ < record_header_bytes) {
        return std::nullopt;
    }
    const ByteView header = source_.peek(record_header_bytes);
    if (header.empty()) {
        return std::nullopt;
    }
    Cursor cursor(header);
    Record record;
    record.type = cursor.u32();
    (void)cursor.u16();
    const std::size_t bytes = cursor.u16();
    const ByteView all = source_.peek(bytes);
    if (cursor.failed() || bytes < record_header_bytes || all.size() < bytes) {
        note_damage(
            fmt::format("{} is cut or damaged: what comes behind a broken record cannot be "
                        "read",
                        source_.name()));
        return std::nullopt;
    }
    record.body = all.subspan(record_header_bytes);
    taken_ = bytes;
    return record;
}

/// The next record of what was unpacked, if there is a whole one.
std::optional<PerfData::Record> PerfData::next_unpacked() {
    const ByteView rest = ByteView(unpacked_).subspan(unpacked_at_);
    Cursor cursor(rest);
    Record record;
    record.type = cursor.u32();
    (void)cursor.u16();
    const std::size_t bytes = cursor.u16();
    if (cursor.failed() || bytes > rest.size()) {
        return std::nullopt;
    }
    if (bytes < record_header_bytes) {
        note_damage(fmt::format("{}: a broken record among what is compressed", source_.name()));
        unpacked_at_ = unpacked_.size();
        return std::nullopt;
    }
    record.body = rest.first(bytes).subspan(record_header_bytes);
    unpacked_at_ += bytes;
    return record;
}

void PerfData::unpack(ByteView body) {
    constexpr std::size_t most = std::size_t{64} << 20;
    unpacked_.erase(unpacked_.begin(), unpacked_.begin() + static_cast<std::ptrdiff_t>(
                                                               std::exchange(unpacked_at_, 0)));
    if (!zstd_.append(body, most, unpacked_)) {
        note_damage(
            fmt::format("{}: a part that is compressed cannot be unpacked", source_.name()));
        zstd_ = {};
        unpacked_.clear();
    }
}

const PerfLayout* PerfData::layout_of(ByteView body) const {
    if (layouts_.empty()) {
        return &*layout_;
    }
    const auto found = layouts_.find(Cursor(body).u64());  // PERF_SAMPLE_IDENTIFIER stands first
    return found == layouts_.end() ? &*layout_ : &found->second;
}

void PerfData::take_sample(ByteView body, EventTaker& taker) {
    const PerfLayout* layout = layout_of(body);
    const auto sample = layout->usable() ? layout->sample(body) : std::nullopt;
    if (!sample) {
        return;
    }
    SchedEvent event = tracing_.formats.read(sample->raw);
    // Of forks and exits perf has records of its own, which know the process.
    if (event.kind == Kind::none || event.kind == Kind::forked || event.kind == Kind::exited) {
        return;
    }
    event.ts_ns = sample->time_ns;
    event.cpu = sample->cpu;
    event.by_tid = sample->tid;
    event.by_pid = sample->pid;
    order_.add(event, taker);
}

/// COMM, FORK, EXIT and LOST, which perf keeps beside its samples.
void PerfData::take_side(const Record& record, EventTaker& taker) {
    const PerfSample where = layout_->trailer(record.body);
    Cursor cursor(record.body);
    SchedEvent event;
    event.ts_ns = where.time_ns;
    event.cpu = where.has_cpu ? where.cpu : SchedEvent::any_cpu;
    switch (record.type) {
        case record_comm:
            event.kind = Kind::named;
            event.pid = cursor.u32();
            event.tid = cursor.u32();
            event.comm = Comm::from(cursor.text());
            break;
        case record_fork:
        case record_exit:
            event.kind = record.type == record_fork ? Kind::forked : Kind::exited;
            event.pid = cursor.u32();
            event.by_pid = cursor.u32();
            event.tid = cursor.u32();
            event.by_tid = cursor.u32();
            if (event.ts_ns == 0) {  // made up for what was there before
                return;
            }
            break;
        case record_lost:
            event.kind = Kind::lost;
            (void)cursor.u64();
            event.lost = cursor.u64();
            break;
        case record_lost_samples:
            event.kind = Kind::lost;
            samples_lost_ += cursor.u64();
            if (samples_lost_ <= told_lost_) {
                return;
            }
            event.lost = samples_lost_ - told_lost_;
            break;
        default:
            return;
    }
    if (cursor.failed()) {
        return;
    }
    told_lost_ += event.kind == Kind::lost ? event.lost : 0;
    order_.add(event, taker);
}

Status PerfData::take(const Record& record, EventTaker& taker) {
    switch (record.type) {
        case record_sample:
            take_sample(record.body, taker);
            break;
        case record_round:
            order_.round(taker);
            break;
        case record_compressed:
            unpack(record.body);
            break;
        case record_compressed2: {
            Cursor cursor(record.body);
            unpack(cursor.bytes(cursor.u64()));
            break;
        }
        case record_auxtrace: {  // of which so much lies behind the record
            Cursor cursor(record.body);
            const std::uint64_t bytes = cursor.u64();
            return fail(fmt::format("{}: it has {} bytes of hardware trace, which are not read",
                                    source_.name(), bytes));
        }
        case record_attribute:
        case record_feature:
        case record_tracing_data:
            return piped_ ? take_piped(record) : Status{};
        default:
            take_side(record, taker);
            break;
    }
    return {};
}

void PerfData::finish(EventTaker& taker) {
    order_.finish(taker);
    if (order_.late() > 0) {
        note_damage(fmt::format("{}: {} events are out of order", source_.name(), order_.late()));
    }
    ended_ = true;
}

Result<bool> PerfData::read_some(EventTaker& taker) {
    constexpr int records_a_time = 4096;
    for (int i = 0; i < records_a_time && !ended_; ++i) {
        auto record = next_unpacked();
        if (!record) {
            record = next_record();
        }
        if (!record) {
            finish(taker);
            break;
        }
        if (auto taken = take(*record, taker); !taken) {
            return tl::unexpected(taken.error());
        }
    }
    return !ended_;
}

}  // namespace rqs::import
