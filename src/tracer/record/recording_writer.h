// SPDX-License-Identifier: BSD-2-Clause
// One recording as a file, frame by frame. What has been written is whole at any time: a reader can
// do without what comes last.
#pragma once

#include <cstdint>

#include "model/recording_info.h"
#include "record/index.h"
#include "record/pack.h"
#include "util/byte_file.h"
#include "util/error.h"

namespace rqs::record {

class RecordingWriter {
  public:
    explicit RecordingWriter(util::ByteFile file) : file_(std::move(file)) {}

    Status begin(const RecordingInfo& info);
    Status put(const PackedBlock& block);
    /// The index and the end; closes the file. `ending` without offset and number of blocks.
    Status finish(RunEnding ending);

    [[nodiscard]] std::uint64_t bytes() const { return file_.size(); }
    [[nodiscard]] std::uint64_t blocks() const { return blocks_; }
    /// What finish() would add, at most.
    [[nodiscard]] std::uint64_t closing_bytes() const {
        constexpr std::uint64_t longest_entry = 100;  // ten varints
        return 2 * header_bytes + end_frame_bytes + (index_.entries.size() + 1) * longest_entry;
    }
    [[nodiscard]] const util::ByteFile& file() const { return file_; }

  private:
    Status put_index();

    util::ByteFile file_;
    Index index_;  // of the blocks that no written index tells of
    std::uint64_t blocks_ = 0;
};

}  // namespace rqs::record
