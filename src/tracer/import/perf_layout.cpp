// SPDX-License-Identifier: BSD-2-Clause
#include "import/perf_layout.h"

namespace rqs::import {
namespace {

// enum perf_event_sample_format, in the order of its bits, which is not that of a sample.
constexpr std::uint64_t sample_ip = 1U << 0;
constexpr std::uint64_t sample_tid = 1U << 1;
constexpr std::uint64_t sample_time = 1U << 2;
constexpr std::uint64_t sample_addr = 1U << 3;
constexpr std::uint64_t sample_read = 1U << 4;
constexpr std::uint64_t sample_callchain = 1U << 5;
constexpr std::uint64_t sample_id = 1U << 6;
constexpr std::uint64_t sample_cpu = 1U << 7;
constexpr std::uint64_t sample_period = 1U << 8;
constexpr std::uint64_t sample_stream_id = 1U << 9;
constexpr std::uint64_t sample_raw = 1U << 10;
constexpr std::uint64_t sample_identifier = 1U << 16;

// enum perf_event_read_format
constexpr std::uint64_t read_enabled = 1U << 0;
constexpr std::uint64_t read_running = 1U << 1;
constexpr std::uint64_t read_id = 1U << 2;
constexpr std::uint64_t read_group = 1U << 3;
constexpr std::uint64_t read_lost = 1U << 4;

constexpr std::size_t word = 8;

void skip_read(Cursor& cursor, std::uint64_t format) {
    const std::uint64_t times =
        ((format & read_enabled) != 0 ? 1U : 0U) + ((format & read_running) != 0 ? 1U : 0U);
    const std::uint64_t each =
        1U + ((format & read_id) != 0 ? 1U : 0U) + ((format & read_lost) != 0 ? 1U : 0U);
    std::uint64_t count = 1;
    if ((format & read_group) != 0) {
        count = cursor.u64();
    }
    if (count > cursor.rest().size()) {
        count = UINT32_MAX;  // more than there can be
    }
    (void)cursor.bytes((times + each * count) * word);
}

}  // namespace

std::optional<PerfLayout> PerfLayout::of_attribute(ByteView attribute) {
    constexpr std::size_t type_at = 24;
    constexpr std::size_t least = 64;  // of the first version
    constexpr std::uint64_t all_have_ids_bit = 1U << 18;
    if (attribute.size() < least) {
        return std::nullopt;
    }
    Cursor cursor(attribute.subspan(type_at));
    PerfLayout layout;
    layout.type_ = cursor.u64();
    layout.read_format_ = cursor.u64();
    layout.all_have_ids_ = (cursor.u64() & all_have_ids_bit) != 0;
    return layout;
}

bool PerfLayout::usable() const {
    constexpr std::uint64_t needed = sample_time | sample_cpu | sample_raw;
    return (type_ & needed) == needed;
}

std::optional<PerfSample> PerfLayout::sample(ByteView body) const {
    PerfSample sample;
    Cursor cursor(body);
    const auto has = [this](std::uint64_t bit) { return (type_ & bit) != 0; };
    const auto skip = [&](std::uint64_t bit) {
        if (has(bit)) {
            (void)cursor.bytes(word);
        }
    };
    skip(sample_identifier);
    skip(sample_ip);
    if (has(sample_tid)) {
        sample.pid = cursor.u32();
        sample.tid = cursor.u32();
    }
    if (has(sample_time)) {
        sample.time_ns = cursor.u64();
    }
    skip(sample_addr);
    skip(sample_id);
    skip(sample_stream_id);
    if (has(sample_cpu)) {
        sample.cpu = cursor.u32();
        (void)cursor.u32();
        sample.has_cpu = true;
    }
    skip(sample_period);
    if (has(sample_read)) {
        skip_read(cursor, read_format_);
    }
    if (has(sample_callchain)) {
        const std::uint64_t frames = cursor.u64();
        (void)cursor.bytes(frames > body.size() ? UINT64_MAX : frames * word);
    }
    if (has(sample_raw)) {
        sample.raw = cursor.bytes(cursor.u32());
    }
    return cursor.failed() ? std::nullopt : std::optional(sample);
}

PerfSample PerfLayout::trailer(ByteView body) const {
    PerfSample sample;
    if (!all_have_ids_) {
        return sample;
    }
    std::size_t words = 0;
    for (const std::uint64_t bit :
         {sample_tid, sample_time, sample_id, sample_stream_id, sample_cpu, sample_identifier}) {
        words += (type_ & bit) != 0 ? 1U : 0U;
    }
    if (words * word > body.size()) {
        return sample;
    }
    Cursor cursor(body.last(words * word));
    if ((type_ & sample_tid) != 0) {
        sample.pid = cursor.u32();
        sample.tid = cursor.u32();
    }
    if ((type_ & sample_time) != 0) {
        sample.time_ns = cursor.u64();
    }
    for (const std::uint64_t bit : {sample_id, sample_stream_id}) {
        if ((type_ & bit) != 0) {
            (void)cursor.u64();
        }
    }
    if ((type_ & sample_cpu) != 0) {
        sample.cpu = cursor.u32();
        sample.has_cpu = true;
    }
    return sample;
}

}  // namespace rqs::import
