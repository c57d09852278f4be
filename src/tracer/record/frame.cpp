// SPDX-License-Identifier: BSD-2-Clause
#include "record/frame.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace rqs::record {
namespace {

constexpr std::array<std::uint8_t, 8> mark{0x89, 'R', 'Q', 'S', 'R', 'E', 'C', '\n'};
constexpr std::array<std::uint8_t, 4> magic{'R', 'Q', 'S', 'B'};

// Where the fields of a header lie.
constexpr std::size_t at_type = 4;
constexpr std::size_t at_payload_bytes = 8;
constexpr std::size_t at_raw_bytes = 12;
constexpr std::size_t at_checksum = 16;
constexpr std::size_t at_summary = 24;
constexpr std::size_t at_header_checksum = 80;

}  // namespace

std::array<std::uint8_t, mark_bytes> file_mark() {
    std::array<std::uint8_t, mark_bytes> bytes{};
    std::copy(mark.begin(), mark.end(), bytes.begin());
    put_fixed(bytes.data() + mark.size(), format_version);
    return bytes;
}

std::optional<std::uint32_t> version_of(ByteView first_bytes) {
    if (first_bytes.size() < mark_bytes ||
        !std::equal(mark.begin(), mark.end(), first_bytes.begin())) {
        return std::nullopt;
    }
    return get_fixed<std::uint32_t>(first_bytes.data() + mark.size());
}

void finish_frame(Bytes& frame, FrameType type, const BlockSummary& summary,
                  std::uint32_t raw_bytes) {
    std::uint8_t* const header = frame.data();
    const std::size_t payload = frame.size() - header_bytes;
    std::copy(magic.begin(), magic.end(), header);
    header[at_type] = static_cast<std::uint8_t>(type);
    put_fixed(header + at_payload_bytes, static_cast<std::uint32_t>(payload));
    put_fixed(header + at_raw_bytes, raw_bytes);
    put_fixed(header + at_checksum, std::uint64_t{XXH3_64bits(header + header_bytes, payload)});
    std::uint8_t* at = header + at_summary;
    each_field(
        [&](auto field) {
            put_fixed(at, field);
            at += sizeof(field);
        },
        summary);
    put_fixed(header + at_header_checksum, std::uint64_t{XXH3_64bits(header, at_header_checksum)});
}

std::optional<FrameHeader> parse_header(ByteView bytes) {
    if (bytes.size() < header_bytes || !std::equal(magic.begin(), magic.end(), bytes.begin())) {
        return std::nullopt;
    }
    const std::uint8_t* const from = bytes.data();
    if (get_fixed<std::uint64_t>(from + at_header_checksum) !=
        XXH3_64bits(from, at_header_checksum)) {
        return std::nullopt;
    }
    FrameHeader header;
    header.type = static_cast<FrameType>(from[at_type]);
    header.payload_bytes = get_fixed<std::uint32_t>(from + at_payload_bytes);
    header.raw_bytes = get_fixed<std::uint32_t>(from + at_raw_bytes);
    header.checksum = get_fixed<std::uint64_t>(from + at_checksum);
    const std::uint8_t* at = from + at_summary;
    each_field(
        [&](auto& field) {
            field = get_fixed<std::remove_reference_t<decltype(field)>>(at);
            at += sizeof(field);
        },
        header.summary);
    if (header.payload_bytes > longest_payload) {
        return std::nullopt;
    }
    return header;
}

bool payload_is_whole(const FrameHeader& header, ByteView payload) {
    return payload.size() == header.payload_bytes &&
           XXH3_64bits(payload.data(), payload.size()) == header.checksum;
}

std::size_t find_header(ByteView bytes, std::size_t from) {
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(std::min(from, bytes.size()));
    return static_cast<std::size_t>(std::search(begin, bytes.end(), magic.begin(), magic.end()) -
                                    bytes.begin());
}

}  // namespace rqs::record
