// SPDX-License-Identifier: BSD-2-Clause
// A descriptor as a buffer that is written batch by batch, does not wait for a slow reader until
// much has piled up, and remembers how writing ended.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "util/error.h"
#include "util/fd.h"

namespace rqs::util {

/// Collects bytes for a file descriptor. A reader that went away (EPIPE) is a normal end: the
/// output is then `closed` and drops what follows. Every other failure is an Error, returned once
/// and remembered; what follows is dropped as well. A file of create_file() that has no room for
/// all of a line is cut back to the end of the line before, so that what is there can be read.
///
/// Memory is bounded: after a flush at most `max_pending` bytes wait for the reader, before the
/// next one as many more as a batch has. O_NONBLOCK would be the simple way not to wait, but it
/// belongs to the open file, which the shell and other programs share.
class Output {
  public:
    static constexpr std::size_t default_max_pending = std::size_t{1} << 20;

    /// `fd` is borrowed. `name` stands in error lines. With more than `max_pending` bytes that the
    /// reader has not taken, flush() waits for it: 0 is to wait always.
    explicit Output(int fd, std::string name = "standard output",
                    std::size_t max_pending = default_max_pending);

    /// An output that owns the file at `path`, which is created (0644) or emptied.
    static Result<Output> create_file(const std::string& path,
                                      std::size_t max_pending = default_max_pending);

    /// The bytes that were collected since the last flush; sinks append here.
    std::string& buffer() { return buffer_; }

    /// Tells whether the program has been asked to end; at first: whether a stop signal came. Is
    /// asked while nobody makes room for what waits.
    void give_up_when(std::function<bool()> stop_asked);

    /// Writes what the descriptor takes at once and keeps the rest. Waits for the reader only while
    /// more than `max_pending` bytes are left. Once the program has been asked to end, a reader
    /// that takes nothing for two seconds ends this with an Error: what was left is then lost and
    /// the output `closed`.
    Status flush();

    /// flush(), but only when `high_water` bytes have been collected since the last one.
    Status flush_if_large();

    /// Writes all that was collected and waits until the descriptor has taken it; ends as flush()
    /// does. A file of create_file() is closed by this, for some errors show only then.
    Status finish();

    /// Nobody takes any more: the reader left, writing failed, or the file is complete.
    [[nodiscard]] bool closed() const { return closed_; }
    /// Why writing failed, if it did; also after the Error was returned.
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }
    /// Whether the reader has gone; shows even when there is nothing to write to it.
    [[nodiscard]] bool reader_left() const;

    /// Bytes that were collected and not written yet.
    [[nodiscard]] std::size_t pending() const;
    /// Bytes of memory that are held for them.
    [[nodiscard]] std::size_t capacity() const { return buffer_.capacity() + rest_.capacity(); }
    /// For poll(2): with POLLOUT while something is pending.
    [[nodiscard]] int fd() const { return fd_; }

    /// As much is collected as is worth a system call.
    static constexpr std::size_t high_water = std::size_t{1} << 18;

  private:
    enum class Room { now, none, gave_up };

    Status write_until(std::size_t most_left);
    std::size_t write_from(std::string_view bytes, std::size_t behind, std::size_t most_left);
    Room look_for_room(bool wait);
    void enlarge_pipe();
    void keep(std::string_view bytes);
    void give_memory_back();
    void note_written(std::string_view bytes);
    void take_back_half_line() const;
    void close_with(std::string message);
    void close_after(int error);

    Fd owned_;
    int fd_;
    std::string name_;
    std::size_t max_pending_;
    bool has_reader_ = false;  ///< a write may wait for somebody who reads
    bool may_enlarge_ = false;
    std::function<bool()> stop_asked_;
    std::string buffer_;       ///< collected since the last flush
    std::string rest_;         ///< what the reader did not take then, from `taken_` on
    std::size_t taken_ = 0;    ///< bytes at the front of `rest_` that are written
    std::size_t unended_ = 0;  ///< bytes behind the last newline that was written
    bool closed_ = false;
    bool told_ = false;  ///< `error_` has been returned
    std::optional<Error> error_;
};

}  // namespace rqs::util
