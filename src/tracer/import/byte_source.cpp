// SPDX-License-Identifier: BSD-2-Clause
#include "import/byte_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace rqs::import {

Result<ByteSource> ByteSource::open(const std::string& path) {
    auto file = util::open_input(path, "name the recording in it");
    if (!file) {
        return tl::unexpected(file.error());
    }
    return ByteSource(std::move(*file));
}

ByteView ByteSource::peek(std::size_t count) {
    constexpr std::size_t piece = std::size_t{1} << 18;
    if (end_ - begin_ < count) {
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
        end_ -= std::exchange(begin_, 0);
    }
    while (end_ < count) {
        if (buffer_.size() < end_ + piece) {
            buffer_.resize(end_ + piece);
        }
        const ssize_t got = ::read(file_.fd.get(), buffer_.data() + end_, buffer_.size() - end_);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            break;
        }
        end_ += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    return ByteView(buffer_).subspan(begin_, std::min(count, end_ - begin_));
}

void ByteSource::drop(std::size_t count) {
    begin_ += std::min(count, end_ - begin_);
}

void ByteSource::seek(std::uint64_t offset) {
    begin_ = end_ = 0;
    (void)::lseek(file_.fd.get(), static_cast<off_t>(std::min<std::uint64_t>(offset, INT64_MAX)),
                  SEEK_SET);
}

std::vector<std::uint8_t> ByteSource::read_at(std::uint64_t offset, std::size_t count) const {
    // As much as there is: a stranger's file may ask for more than memory has.
    const std::uint64_t left = file_.size && *file_.size > offset ? *file_.size - offset : 0;
    std::vector<std::uint8_t> bytes(std::min<std::uint64_t>(count, left));
    std::size_t read = 0;
    while (read < bytes.size()) {
        const ssize_t got = ::pread(file_.fd.get(), bytes.data() + read, bytes.size() - read,
                                    static_cast<off_t>(offset + read));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            break;
        }
        read += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    bytes.resize(read);
    return bytes;
}

}  // namespace rqs::import
