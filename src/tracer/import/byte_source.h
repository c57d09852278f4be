// SPDX-License-Identifier: BSD-2-Clause
// The bytes of a file or a pipe, a piece at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "import/cursor.h"
#include "util/error.h"
#include "util/input_file.h"

namespace rqs::import {

class ByteSource {
  public:
    /// `-` is standard input.
    static Result<ByteSource> open(const std::string& path);

    [[nodiscard]] const std::string& name() const { return file_.name; }
    [[nodiscard]] int fd() const { return file_.fd.get(); }
    /// Of a regular file; nothing for a pipe, in which nobody can go back.
    [[nodiscard]] std::optional<std::uint64_t> size() const { return file_.size; }

    /// The next bytes, which are not taken: at most `count`, less only at the end. Valid until the
    /// next call.
    ByteView peek(std::size_t count);
    /// Takes what was peeked at.
    void drop(std::size_t count);
    /// Goes on from there. Only where size() is known.
    void seek(std::uint64_t offset);
    /// `count` bytes from there on, less at the end; does not move. Only where size() is known.
    [[nodiscard]] std::vector<std::uint8_t> read_at(std::uint64_t offset, std::size_t count) const;

  private:
    explicit ByteSource(util::InputFile file) : file_(std::move(file)) {}

    util::InputFile file_;
    std::vector<std::uint8_t> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace rqs::import
