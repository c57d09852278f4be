// SPDX-License-Identifier: BSD-2-Clause
#include "record/recording_reader.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "record/info_json.h"
#include "util/input_file.h"

namespace rqs::record {
namespace {

constexpr std::size_t piece = std::size_t{1} << 18;
constexpr std::size_t longest_info = std::size_t{1} << 20;

}  // namespace

RecordingReader::RecordingReader(util::Fd file, std::string name)
    : file_(std::move(file)), name_(std::move(name)) {}

Result<RecordingReader> RecordingReader::open(const std::string& path) {
    auto file = util::open_input(path, "name the recordings in it");
    if (!file) {
        return tl::unexpected(file.error());
    }
    RecordingReader reader(std::move(file->fd), std::move(file->name));
    if (auto read = reader.read_info(); !read) {
        return tl::unexpected(read.error());
    }
    return reader;
}

bool RecordingReader::same_file(const RecordingReader& other) const {
    struct stat mine {};
    struct stat its {};
    return ::fstat(file_.get(), &mine) == 0 && ::fstat(other.file_.get(), &its) == 0 &&
           mine.st_dev == its.st_dev && mine.st_ino == its.st_ino;
}

// At least `wanted` bytes are held, unless the file ends before.
bool RecordingReader::fill(std::size_t wanted) {
    if (end_ - begin_ >= wanted) {
        return true;
    }
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= std::exchange(begin_, 0);
    while (end_ < wanted) {
        if (buffer_.size() < end_ + piece) {
            buffer_.resize(end_ + piece);
        }
        const ssize_t count = ::read(file_.get(), buffer_.data() + end_, buffer_.size() - end_);
        if (count == 0 || (count < 0 && errno != EINTR)) {
            return false;
        }
        end_ += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    return true;
}

Status RecordingReader::read_info() {
    const bool long_enough = fill(mark_bytes);
    if (end_ == begin_) {
        return fail(fmt::format("{} is empty; was the recording stopped before it began?", name_));
    }
    const auto version = version_of(held());
    if (!long_enough || !version) {
        return fail(
            fmt::format("{} is no recording of runqslower; 'runqslower record' makes one", name_));
    }
    if (*version != format_version) {
        return fail(
            fmt::format("{} is of version {} of the format, this program reads {}; use the "
                        "runqslower that made it, or a newer one",
                        name_, *version, format_version));
    }
    drop(mark_bytes);
    const auto frame = next_frame();
    if (!frame || frame->header.type != FrameType::info || frame->payload.size() > longest_info) {
        return fail(
            fmt::format("{} is damaged at its start: what it is a recording of is not "
                        "known; take another copy",
                        name_));
    }
    auto info = info_from_json(
        {reinterpret_cast<const char*>(frame->payload.data()), frame->payload.size()});
    if (!info) {
        return fail(fmt::format("{}: {}", name_, info.error().message));
    }
    info_ = std::move(*info);
    return {};
}

// Skips what is no frame; at most once over each byte.
bool RecordingReader::find_frame() {
    while (fill(header_bytes)) {
        if (parse_header(held())) {
            return true;
        }
        damaged_ = true;
        const std::size_t next = find_header(held(), 1);
        // The last bytes may be the beginning of a mark that goes on behind what is held.
        const std::size_t skip = next < held().size() ? next : held().size() - 3;
        skipped_bytes_ += skip;
        drop(skip);
    }
    skipped_bytes_ += held().size();
    damaged_ = damaged_ || !held().empty();
    drop(held().size());
    return false;
}

std::optional<RecordingReader::Frame> RecordingReader::next_frame() {
    drop(std::exchange(payload_, 0));
    while (find_frame()) {
        const FrameHeader header = *parse_header(held());
        const bool there = fill(header_bytes + header.payload_bytes);
        const ByteView payload =
            held()
                .subspan(header_bytes)
                .first(std::min<std::size_t>(header.payload_bytes, held().size() - header_bytes));
        if (there && payload_is_whole(header, payload)) {
            payload_ = header_bytes + header.payload_bytes;
            return Frame{header, payload, std::exchange(damaged_, false)};
        }
        damaged_ = true;
        skipped_bytes_ += header_bytes + payload.size();
        drop(header_bytes + payload.size());
    }
    return std::nullopt;
}

void RecordingReader::note_index(ByteView payload) {
    const auto index = parse_index(payload);
    if (index && !index->entries.empty()) {
        const BlockSummary& last = index->entries.back().summary;
        indexed_waits_ = last.waits_before + last.waits;
    }
}

std::optional<RecordingReader::Frame> RecordingReader::next() {
    while (auto frame = next_frame()) {
        if (frame->header.type == FrameType::block) {
            return frame;
        }
        if (frame->header.type == FrameType::end) {
            ending_ = parse_end(frame->payload);
        } else if (frame->header.type == FrameType::index) {
            note_index(frame->payload);
        }
        // What lies behind a skipped index is as damaged as before.
        damaged_ = damaged_ || frame->damaged_before;
    }
    return std::nullopt;
}

std::optional<Bytes> RecordingReader::read_at(std::uint64_t offset, std::size_t bytes) const {
    Bytes read(bytes);
    const ssize_t count = ::pread(file_.get(), read.data(), bytes, static_cast<off_t>(offset));
    if (count < 0) {
        return std::nullopt;
    }
    read.resize(static_cast<std::size_t>(count));
    return read;
}

std::optional<Index> RecordingReader::index_at(std::uint64_t offset) const {
    const auto first = read_at(offset, header_bytes);
    const auto header = first ? parse_header(*first) : std::nullopt;
    if (!header || header->type != FrameType::index) {
        return std::nullopt;
    }
    const auto payload = read_at(offset + header_bytes, header->payload_bytes);
    return payload && payload_is_whole(*header, *payload) ? parse_index(*payload) : std::nullopt;
}

std::optional<std::vector<IndexEntry>> RecordingReader::index() {
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size < static_cast<off_t>(end_frame_bytes)) {
        return std::nullopt;
    }
    const auto last =
        read_at(static_cast<std::uint64_t>(status.st_size) - end_frame_bytes, end_frame_bytes);
    const auto header = last ? parse_header(*last) : std::nullopt;
    if (!header || header->type != FrameType::end) {
        return std::nullopt;
    }
    const auto ending = parse_end(ByteView(*last).subspan(header_bytes));
    std::vector<IndexEntry> entries;
    std::uint64_t offset = ending ? ending->index_offset : 0;
    while (offset != 0) {
        const auto index = index_at(offset);
        if (!index || index->previous_offset >= offset) {  // else it could go on for ever
            return std::nullopt;
        }
        entries.insert(entries.begin(), index->entries.begin(), index->entries.end());
        offset = index->previous_offset;
    }
    return entries;
}

void RecordingReader::seek(std::uint64_t offset) {
    if (::lseek(file_.get(), static_cast<off_t>(offset), SEEK_SET) >= 0) {
        begin_ = end_ = payload_ = 0;
    }
}

}  // namespace rqs::record
