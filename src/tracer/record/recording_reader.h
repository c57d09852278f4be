// SPDX-License-Identifier: BSD-2-Clause
// Reads a recording, from a file or a pipe, frame by frame. What is damaged is skipped and said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/recording_info.h"
#include "record/index.h"
#include "record/pack.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/same_file.h"

namespace rqs::record {

class RecordingReader {
  public:
    /// Opens `path`, or standard input where it is `-`, and reads what the recording says of
    /// itself. Errors are one line: no such file, empty, no recording, of a later version.
    static Result<RecordingReader> open(const std::string& path);

    [[nodiscard]] const RecordingInfo& info() const { return info_; }
    [[nodiscard]] const std::string& name() const { return name_; }

    /// Whether both read the same file, by whatever names.
    [[nodiscard]] bool same_file(const RecordingReader& other) const;
    /// Nothing for a pipe.
    [[nodiscard]] std::optional<util::FileId> file_id() const { return util::file_id(file_.get()); }

    /// A frame that has a block.
    struct Frame {
        FrameHeader header;
        ByteView payload;             ///< valid until the next call
        bool damaged_before = false;  ///< bytes were skipped between it and the frame before it
    };
    /// The next block; nothing at the end.
    std::optional<Frame> next();

    /// The last frame, once it was read: without it the recorder was killed or the copy is cut.
    [[nodiscard]] const std::optional<RunEnding>& ending() const { return ending_; }
    /// Waits of the run by the end of the last block that an index has named so far, or 0: those of
    /// a block that cannot be read too.
    [[nodiscard]] std::uint64_t indexed_waits() const { return indexed_waits_; }
    /// Bytes that belong to no frame, and frames whose checksum is wrong.
    [[nodiscard]] std::uint64_t skipped_bytes() const { return skipped_bytes_; }

    /// All blocks of the file by its index, oldest first; nothing where there is no index, or no
    /// seeking. Reading goes on where it was.
    std::optional<std::vector<IndexEntry>> index();
    /// Reading goes on at this offset of a frame.
    void seek(std::uint64_t offset);

  private:
    RecordingReader(util::Fd file, std::string name);
    Status read_info();
    bool fill(std::size_t wanted);
    void drop(std::size_t bytes) { begin_ += bytes; }
    [[nodiscard]] ByteView held() const { return ByteView(buffer_).subspan(begin_, end_ - begin_); }
    std::optional<Frame> next_frame();
    bool find_frame();
    void note_index(ByteView payload);
    std::optional<Bytes> read_at(std::uint64_t offset, std::size_t bytes) const;
    [[nodiscard]] std::optional<Index> index_at(std::uint64_t offset) const;

    util::Fd file_;
    std::string name_;
    RecordingInfo info_;
    Bytes buffer_;
    std::size_t begin_ = 0;  // what is held lies between these
    std::size_t end_ = 0;
    std::size_t payload_ = 0;  // of the frame handed out last, dropped with the next call
    bool damaged_ = false;
    std::optional<RunEnding> ending_;
    std::uint64_t indexed_waits_ = 0;
    std::uint64_t skipped_bytes_ = 0;
};

}  // namespace rqs::record
