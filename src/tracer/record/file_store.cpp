// SPDX-License-Identifier: BSD-2-Clause
#include "record/file_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "util/safe_text.h"

namespace rqs::record {

FileStore::FileStore(std::string path, RecordingInfo info, const FileLimits& limits)
    : path_(std::move(path)), info_(std::move(info)), limits_(limits) {}

Result<std::unique_ptr<FileStore>> FileStore::open(std::string path, const RecordingInfo& info,
                                                   const FileLimits& limits) {
    std::unique_ptr<FileStore> store(new FileStore(std::move(path), info, limits));
    if (auto begun = store->begin_file(); !begun) {
        return tl::unexpected(begun.error());
    }
    return store;
}

Status FileStore::begin_file() {
    if (path_ == "-") {
        writer_.emplace(util::ByteFile(STDOUT_FILENO, "standard output"));
    } else {
        auto file = util::ByteFile::create(path_);
        if (!file) {
            return tl::unexpected(file.error());
        }
        writer_.emplace(std::move(*file));
    }
    return writer_->begin(info_);
}

// PATH becomes PATH.1, that PATH.2, and the last one goes.
Status FileStore::rotate() {
    RunEnding so_far;
    so_far.ended_ns = last_ns_;
    if (auto finished = writer_->finish(so_far); !finished) {
        return finished;
    }
    older_bytes_ += writer_->bytes();
    for (std::uint32_t i = limits_.files - 1; i > 0; --i) {
        const std::string from = i == 1 ? path_ : fmt::format("{}.{}", path_, i - 1);
        const std::string to = fmt::format("{}.{}", path_, i);
        if (std::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) {
            return fail(fmt::format("cannot rename {} to {}: {}", util::printable(from),
                                    util::printable(to), std::strerror(errno)));
        }
    }
    return begin_file();
}

Status FileStore::put(PackedBlock block) {
    if (full_) {
        return {};
    }
    const std::uint64_t size = writer_->bytes() + block.frame.size() + writer_->closing_bytes();
    if (limits_.max_bytes && path_ != "-" && size > *limits_.max_bytes && writer_->blocks() > 0) {
        if (limits_.files == 1) {
            full_ = true;
            return {};
        }
        info_.waits_before = block.summary.waits_before;
        info_.from_ns = last_ns_;
        if (auto rotated = rotate(); !rotated) {
            return rotated;
        }
    }
    last_ns_ = block.summary.last_ns;
    auto stored = writer_->put(block);
    if (stored) {
        switches_ += block.summary.switches;
        waits_ += block.summary.waits;
    }
    return stored;
}

Status FileStore::finish(const RunEnding& ending) {
    return writer_->finish(ending);
}

}  // namespace rqs::record
