// SPDX-License-Identifier: BSD-2-Clause
// stdout as a buffer that is flushed batch by batch and remembers how writing ended.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
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

    /// Tells whether the program has been asked to end; at first: whether a stop signal came. Is
    /// asked while nobody makes room for what waits.
    void give_up_when(std::function<bool()> stop_asked);

    /// Writes all that was collected and waits until the descriptor takes it. Once the program has
    /// been asked to end, a reader that takes nothing for `grace` ends this with an Error: what was
    /// left is then lost and the output `closed`.
    Status flush();

    /// flush(), but only when `high_water` bytes have been collected.
    Status flush_if_large();

    [[nodiscard]] bool closed() const { return closed_; }

  private:
    [[nodiscard]] bool wait_for_room() const;
    Status close_with(std::string message);

    static constexpr std::chrono::seconds grace{2};
    static constexpr std::size_t high_water = 1U << 18;
    int fd_;
    std::string name_;
    std::function<bool()> stop_asked_;
    std::string buffer_;
    bool closed_ = false;
};

}  // namespace rqs::util
