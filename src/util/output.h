// SPDX-License-Identifier: BSD-2-Clause
// stdout as a buffer that is flushed batch by batch and remembers how writing ended.
#pragma once

#include <cstddef>
#include <string>

#include "util/error.h"

namespace rqs::util {

/// Collects bytes for a file descriptor. A reader that went away (EPIPE) is a normal end: the
/// output is then `closed` and drops what follows. Every other failure is an Error.
class Output {
  public:
    /// `fd` is borrowed. `name` stands in error lines.
    explicit Output(int fd, std::string name = "standard output");

    /// The bytes that wait for the next flush; sinks append here.
    std::string& buffer() { return buffer_; }

    /// Writes all that was collected. Blocks until the descriptor takes it.
    Status flush();

    /// flush(), but only when `high_water` bytes have been collected.
    Status flush_if_large();

    [[nodiscard]] bool closed() const { return closed_; }

  private:
    static constexpr std::size_t high_water = 1U << 18;
    int fd_;
    std::string name_;
    std::string buffer_;
    bool closed_ = false;
};

}  // namespace rqs::util
