// SPDX-License-Identifier: BSD-2-Clause
#include "perfetto/trace_file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <span>
#include <utility>

#include "util/file_error.h"
#include "util/safe_text.h"

namespace rqs::perfetto {

Result<std::unique_ptr<TraceFile>> TraceFile::create(std::string path) {
    auto file = util::NewFile::create(std::move(path));
    if (!file) {
        return tl::unexpected(file.error());
    }
    util::Fd descriptor(::open(file->temporary_path().c_str(), O_WRONLY | O_CLOEXEC));
    if (!descriptor.valid()) {
        return util::cannot_create(file->path(), errno);
    }
    return std::unique_ptr<TraceFile>(new TraceFile(std::move(*file), std::move(descriptor)));
}

TraceFile::TraceFile(util::NewFile file, util::Fd descriptor)
    : file_(std::move(file)),
      descriptor_(std::move(descriptor)),
      bytes_(descriptor_.get(), fmt::format("'{}'", util::printable(file_.path()))) {
    buffer_.reserve(buffered_bytes + (buffered_bytes >> 2));
}

void TraceFile::write_out() {
    if (status_) {
        status_ =
            bytes_.append({reinterpret_cast<const std::uint8_t*>(buffer_.data()), buffer_.size()});
    }
    buffer_.clear();
}

// What a disk refuses late (a quota, a network) shows when the file is closed.
Status TraceFile::publish() {
    write_out();
    if (status_ && ::close(descriptor_.release()) != 0) {
        status_ = fail(util::cannot_write(bytes_.name(), errno));
    }
    return status_ ? file_.publish() : status_;
}

std::string text_of(std::string_view raw) {
    return util::valid_utf8(raw);
}

std::string label_of(const TaskId& task) {
    std::string label = text_of(task.comm.view());
    label += " (";
    label += std::to_string(task.tid);
    label += ')';
    return label;
}

}  // namespace rqs::perfetto
