// SPDX-License-Identifier: BSD-2-Clause
#include "record/index.h"

namespace rqs::record {
namespace {

template <typename Visit, typename Ending>
void each_number(Visit visit, Ending& ending) {
    visit(ending.ended_ns);
    visit(ending.index_offset);
    visit(ending.blocks);
    visit(ending.counters.seen);
    visit(ending.counters.kept);
    visit(ending.counters.lost);
    visit(ending.counters.unverified);
    visit(ending.counters.late);
    visit(ending.counters.left_out);
}

}  // namespace

Bytes index_frame(const Index& index) {
    Bytes frame = begin_frame();
    put_varint(frame, index.previous_offset);
    put_varint(frame, index.entries.size());
    for (const IndexEntry& entry : index.entries) {
        put_varint(frame, entry.offset);
        each_field([&](auto field) { put_varint(frame, field); }, entry.summary);
    }
    finish_frame(frame, FrameType::index);
    return frame;
}

std::optional<Index> parse_index(ByteView payload) {
    Reading reading;
    ByteReader bytes(payload, reading);
    Index index;
    index.previous_offset = get_varint(bytes, reading);
    const std::uint64_t count = get_varint(bytes, reading);
    if (count > blocks_an_index) {
        return std::nullopt;
    }
    index.entries.resize(count);
    for (IndexEntry& entry : index.entries) {
        entry.offset = get_varint(bytes, reading);
        each_field(
            [&](auto& field) {
                field = static_cast<std::remove_reference_t<decltype(field)>>(
                    get_varint(bytes, reading));
            },
            entry.summary);
    }
    return reading.failed ? std::nullopt : std::optional(std::move(index));
}

Bytes end_frame(const RunEnding& ending) {
    Bytes frame(end_frame_bytes);
    std::uint8_t* at = frame.data() + header_bytes;
    each_number(
        [&](std::uint64_t field) {
            put_fixed(at, field);
            at += sizeof(field);
        },
        ending);
    finish_frame(frame, FrameType::end);
    return frame;
}

std::optional<RunEnding> parse_end(ByteView payload) {
    if (payload.size() < end_frame_bytes - header_bytes) {
        return std::nullopt;
    }
    RunEnding ending;
    const std::uint8_t* at = payload.data();
    each_number(
        [&](std::uint64_t& field) {
            field = get_fixed<std::uint64_t>(at);
            at += sizeof(field);
        },
        ending);
    return ending;
}

}  // namespace rqs::record
