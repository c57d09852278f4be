// SPDX-License-Identifier: BSD-2-Clause
// Blocks in a file, or in a row of files of which the oldest make room.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "model/recording_info.h"
#include "record/block_store.h"
#include "record/recording_writer.h"

namespace rqs::record {

struct FileLimits {
    std::optional<std::uint64_t> max_bytes;  ///< of each file
    /// So many are kept: PATH is the newest, PATH.1 the one before, and so on. 1: the recording
    /// ends when it is full.
    std::uint32_t files = 1;
};

class FileStore final : public BlockStore {
  public:
    /// `path` is a file or `-`, standard output, which has no limits.
    static Result<std::unique_ptr<FileStore>> open(std::string path, const RecordingInfo& info,
                                                   const FileLimits& limits);

    Status put(PackedBlock block) override;
    Status finish(const RunEnding& ending) override;
    [[nodiscard]] bool done() const override { return full_ || writer_->file().reader_left(); }
    [[nodiscard]] std::uint64_t bytes() const override { return older_bytes_ + writer_->bytes(); }

    [[nodiscard]] bool full() const { return full_; }
    /// What its files were given; those that rotation took away are counted.
    [[nodiscard]] std::uint64_t switches() const { return switches_; }
    [[nodiscard]] std::uint64_t waits() const { return waits_; }
    [[nodiscard]] bool reader_left() const { return writer_->file().reader_left(); }

  private:
    FileStore(std::string path, RecordingInfo info, const FileLimits& limits);
    Status begin_file();
    Status rotate();

    std::string path_;
    RecordingInfo info_;
    FileLimits limits_;
    std::optional<RecordingWriter> writer_;
    std::uint64_t older_bytes_ = 0;  // in files that were finished
    std::uint64_t last_ns_ = 0;
    std::uint64_t switches_ = 0;
    std::uint64_t waits_ = 0;
    bool full_ = false;
};

}  // namespace rqs::record
