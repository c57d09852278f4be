// SPDX-License-Identifier: BSD-2-Clause
#include "util/byte_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "util/file_error.h"
#include "util/room.h"
#include "util/safe_text.h"
#include "util/stop_signals.h"

namespace rqs::util {
namespace {

bool is_regular(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

ByteFile::ByteFile(int fd, std::string name)
    : fd_(fd), name_(std::move(name)), regular_(is_regular(fd)) {}

ByteFile::ByteFile(Fd owned, std::string name)
    : owned_(std::move(owned)),
      fd_(owned_.get()),
      name_(std::move(name)),
      regular_(is_regular(fd_)) {}

Result<ByteFile> ByteFile::create(const std::string& path) {
    Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file.valid()) {
        return cannot_create(path, errno);
    }
    return ByteFile(std::move(file), fmt::format("'{}'", printable(path)));
}

Status ByteFile::give_up(int error) {
    if (regular_ && owned_.valid()) {
        (void)::ftruncate(fd_, static_cast<off_t>(size_));
        (void)::lseek(fd_, static_cast<off_t>(size_), SEEK_SET);
    }
    reader_left_ = error == EPIPE;
    return fail(error == 0 ? fmt::format("cannot write to {}: its reader takes nothing", name_)
                           : cannot_write(name_, error));
}

Status ByteFile::append(std::span<const std::uint8_t> bytes) {
    // A pipe takes so much at once as soon as it says that there is room.
    constexpr std::size_t pipe_piece = PIPE_BUF;
    std::size_t written = 0;
    while (written < bytes.size()) {
        std::size_t piece = bytes.size() - written;
        if (!regular_) {
            piece = std::min(piece, pipe_piece);
            if (!wait_for_room(fd_, [] { return stop_signal() != 0; })) {
                return give_up(0);
            }
        }
        const ssize_t count = ::write(fd_, bytes.data() + written, piece);
        if (count < 0 && errno != EINTR) {
            return give_up(errno);
        }
        written += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    size_ += bytes.size();
    return {};
}

Status ByteFile::close() {
    if (owned_.valid() && ::close(owned_.release()) != 0) {
        return fail(cannot_write(name_, errno));
    }
    return {};
}

}  // namespace rqs::util
