// SPDX-License-Identifier: BSD-2-Clause
// A recording on disk: a mark, then frames. Each frame has a header with a checksum of its own, so
// that a reader that has lost its way finds the next one without believing what it skips.
//
//     mark     8 bytes "\x89RQSREC\n", version and 0 as 32 bits each
//     frame    header of 88 bytes, then `payload_bytes`
//     ...      info first, then blocks with an index after some hundreds, then index and end
//
// All numbers are little-endian. docs/RECORD_FORMAT.md tells the rest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "record/block.h"
#include "record/numbers.h"

namespace rqs::record {

constexpr std::uint32_t format_version = 1;
constexpr std::size_t mark_bytes = 16;
constexpr std::size_t header_bytes = 88;
constexpr std::size_t longest_payload = std::size_t{16} << 20;

/// The start of a file.
std::array<std::uint8_t, mark_bytes> file_mark();
/// The version that a file's first bytes tell; nothing where it is no recording.
std::optional<std::uint32_t> version_of(ByteView first_bytes);

enum class FrameType : std::uint8_t { info = 1, block = 2, index = 3, end = 4 };

struct FrameHeader {
    FrameType type = FrameType::info;
    std::uint32_t payload_bytes = 0;
    std::uint32_t raw_bytes = 0;  ///< of a block, unpacked
    std::uint64_t checksum = 0;   ///< XXH3 of the payload
    BlockSummary summary;         ///< of a block, else zeros
};

/// A whole frame: `frame` has room for the header in front of the payload, which this fills in.
void finish_frame(Bytes& frame, FrameType type, const BlockSummary& summary = {},
                  std::uint32_t raw_bytes = 0);
/// What a frame begins with, before finish_frame().
inline Bytes begin_frame() {
    return Bytes(header_bytes);
}

/// Nothing where these are not the bytes of a header.
std::optional<FrameHeader> parse_header(ByteView bytes);
bool payload_is_whole(const FrameHeader& header, ByteView payload);
/// Where the next frame may begin; `bytes.size()` where nowhere.
std::size_t find_header(ByteView bytes, std::size_t from);

// Numbers of fixed width.

template <typename Number>
void put_fixed(std::uint8_t* to, Number number) {
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        to[i] = static_cast<std::uint8_t>(number >> 8 * i);
    }
}
template <typename Number>
Number get_fixed(const std::uint8_t* from) {
    Number number = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        number |= static_cast<Number>(static_cast<Number>(from[i]) << 8 * i);
    }
    return number;
}

}  // namespace rqs::record
