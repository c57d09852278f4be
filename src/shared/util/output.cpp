// SPDX-License-Identifier: BSD-2-Clause
#include "util/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string_view>
#include <utility>

#include "util/file_error.h"
#include "util/room.h"
#include "util/safe_text.h"
#include "util/stop_signals.h"

namespace rqs::util {
namespace {

/// Whether a write may wait for somebody who reads. What cannot be looked at is written to plainly:
/// write() then says what is wrong.
bool is_read_by_somebody(int fd, const struct stat& info) {
    return S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) ||
           (S_ISCHR(info.st_mode) && ::isatty(fd) == 1);
}

}  // namespace

Output::Output(int fd, std::string name, std::size_t max_pending)
    : fd_(fd),
      name_(std::move(name)),
      max_pending_(max_pending),
      stop_asked_([] { return stop_signal() != 0; }) {
    struct stat info {};
    if (::fstat(fd, &info) == 0) {
        has_reader_ = is_read_by_somebody(fd, info);
        may_enlarge_ = S_ISFIFO(info.st_mode);
    }
}

Result<Output> Output::create_file(const std::string& path, std::size_t max_pending) {
    constexpr mode_t mode = 0644;
    Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, mode));
    if (!file.valid()) {
        return cannot_create(path, errno);
    }
    Output output(file.get(), fmt::format("'{}'", printable(path)), max_pending);
    output.owned_ = std::move(file);
    return output;
}

void Output::give_up_when(std::function<bool()> stop_asked) {
    stop_asked_ = std::move(stop_asked);
}

bool Output::reader_left() const {
    pollfd out{fd_, 0, 0};
    return has_reader_ && ::poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

std::size_t Output::pending() const {
    return buffer_.size() + rest_.size() - taken_;
}

// A reader that waits for a CPU on a busy machine gets more slack. Only where the pipe was too
// small once, and as large as anybody may make it by default (fs.pipe-max-size).
void Output::enlarge_pipe() {
    constexpr int wanted_bytes = 1 << 20;
    may_enlarge_ = false;
    if (::fcntl(fd_, F_GETPIPE_SZ) < wanted_bytes) {
        (void)::fcntl(fd_, F_SETPIPE_SZ, wanted_bytes);
    }
}

Output::Room Output::look_for_room(bool wait) {
    if (!has_reader_ || has_room(fd_, 0)) {
        return Room::now;
    }
    if (may_enlarge_) {
        enlarge_pipe();
        return look_for_room(wait);
    }
    if (!wait) {
        return Room::none;
    }
    return wait_for_room(fd_, stop_asked_) ? Room::now : Room::gave_up;
}

// Writes from the front until the descriptor takes no more, but waits for it while more than
// `most_left` bytes are left; `behind` more are to follow. Returns the number of bytes written.
// Failures close the output.
std::size_t Output::write_from(std::string_view bytes, std::size_t behind, std::size_t most_left) {
    std::string_view left = bytes;
    while (!left.empty() && !closed_) {
        const bool wait = left.size() + behind > most_left;
        const Room room = look_for_room(wait);
        if (room == Room::gave_up) {
            close_with(fmt::format("nobody reads {}: the last {} bytes are lost", name_,
                                   left.size() + behind));
        }
        if (room != Room::now) {
            break;
        }
        // Where poll() saw room, this much fits; a larger write would wait for the rest of it.
        const std::size_t size =
            has_reader_ ? std::min<std::size_t>(left.size(), PIPE_BUF) : left.size();
        const ssize_t written = ::write(fd_, left.data(), size);
        if (written >= 0) {
            note_written(left.substr(0, static_cast<std::size_t>(written)));
            left.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN && !wait) {
            break;  // somebody else made it non-blocking and took the room
        } else if (errno != EINTR && errno != EAGAIN) {
            close_after(errno);
        }
    }
    return bytes.size() - left.size();
}

void Output::note_written(std::string_view bytes) {
    const auto newline = bytes.rfind('\n');
    unended_ =
        newline == std::string_view::npos ? unended_ + bytes.size() : bytes.size() - newline - 1;
}

// Only in a file of our own: behind a descriptor that was inherited others may write, and go on
// from where this one is.
void Output::take_back_half_line() const {
    struct stat info {};
    if (owned_.valid() && unended_ > 0 && ::fstat(fd_, &info) == 0 && S_ISREG(info.st_mode)) {
        (void)::ftruncate(fd_, info.st_size - static_cast<off_t>(unended_));
    }
}

void Output::close_with(std::string message) {
    closed_ = true;
    error_ = Error{std::move(message)};
}

void Output::close_after(int error) {
    if (error == EPIPE) {
        closed_ = true;  // the reader has what it wanted
    } else {
        take_back_half_line();
        close_with(cannot_write(name_, error));
    }
}

// Appends to the rest. Its memory is asked for at once, and what is written is moved away only
// when that is used up: a copy of the whole for each piece that a slow reader takes would be dear.
void Output::keep(std::string_view bytes) {
    if (rest_.size() + bytes.size() > rest_.capacity()) {
        rest_.erase(0, taken_);
        taken_ = 0;
        rest_.reserve(std::max(max_pending_ + high_water, rest_.size() + bytes.size()));
    }
    rest_.append(bytes);
}

// A burst is over some time: what it needed is not held for ever.
void Output::give_memory_back() {
    constexpr std::size_t usual = 4 * high_water;
    buffer_.clear();
    if (buffer_.capacity() > usual) {
        std::string().swap(buffer_);
    }
    if (taken_ == rest_.size() || closed_) {
        std::string().swap(rest_);
        taken_ = 0;
    }
}

Status Output::write_until(std::size_t most_left) {
    const std::string_view rest = std::string_view(rest_).substr(taken_);
    taken_ += write_from(rest, buffer_.size(), most_left);
    std::size_t written = 0;
    if (taken_ == rest_.size()) {  // else the rest goes first
        written = write_from(buffer_, 0, most_left);
    }
    if (!closed_ && written < buffer_.size()) {
        keep(std::string_view(buffer_).substr(written));
    }
    give_memory_back();
    if (error_ && !std::exchange(told_, true)) {
        return tl::unexpected(*error_);
    }
    return {};
}

Status Output::flush() {
    return write_until(max_pending_);
}

Status Output::flush_if_large() {
    return buffer_.size() >= high_water ? flush() : Status{};
}

Status Output::finish() {
    if (auto written = write_until(0); !written || !owned_.valid() || closed_) {
        return written;
    }
    if (::close(owned_.release()) != 0 && errno != EINTR) {
        close_after(errno);
    }
    closed_ = true;
    return write_until(0);
}

}  // namespace rqs::util
