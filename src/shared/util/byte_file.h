// SPDX-License-Identifier: BSD-2-Clause
// A file or a pipe that is written in whole pieces: either all of a piece is there or none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "util/error.h"
#include "util/fd.h"

namespace rqs::util {

class ByteFile {
  public:
    /// A new file at `path` (0644), or one that is emptied.
    static Result<ByteFile> create(const std::string& path);
    /// A descriptor that somebody else owns; `name` stands in error lines.
    ByteFile(int fd, std::string name);

    /// Writes all of it. Where that fails a file is cut back to what it was, and the Error says
    /// what to do. A reader of a pipe that takes nothing is waited for, until the program has been
    /// asked to end and two seconds have passed.
    Status append(std::span<const std::uint8_t> bytes);
    /// Some errors show only now.
    Status close();

    /// The reader of the pipe went away: append() failed for that.
    [[nodiscard]] bool reader_left() const { return reader_left_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    ByteFile(Fd owned, std::string name);
    Status give_up(int error);

    Fd owned_;
    int fd_;
    std::string name_;
    bool regular_ = false;
    bool reader_left_ = false;
    std::uint64_t size_ = 0;
};

}  // namespace rqs::util
