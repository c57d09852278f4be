// SPDX-License-Identifier: BSD-2-Clause
// Where the blocks of a file lie, and how the run ended: for readers that can seek. Everything in
// here can be found out by reading the file from its start as well.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/event.h"
#include "record/block.h"
#include "record/frame.h"

namespace rqs::record {

struct IndexEntry {
    std::uint64_t offset = 0;  ///< of the block's frame, from the start of the file
    BlockSummary summary;
};

/// An index frame: of the blocks since the one before, whose offset (0: there is none) it tells.
struct Index {
    std::uint64_t previous_offset = 0;
    std::vector<IndexEntry> entries;
};

/// So many blocks have an index of their own, so that a writer's memory does not grow.
constexpr std::size_t blocks_an_index = 512;

/// The last frame. It always has the same length, so that it is found from the end of the file.
struct RunEnding {
    std::uint64_t ended_ns = 0;      ///< CLOCK_MONOTONIC
    std::uint64_t index_offset = 0;  ///< of the last index; 0: there is none
    std::uint64_t blocks = 0;        ///< of this file
    Counters counters;               ///< of the run so far
};
constexpr std::size_t end_frame_bytes = header_bytes + 9 * sizeof(std::uint64_t);

Bytes index_frame(const Index& index);
std::optional<Index> parse_index(ByteView payload);

Bytes end_frame(const RunEnding& ending);
std::optional<RunEnding> parse_end(ByteView payload);

}  // namespace rqs::record
