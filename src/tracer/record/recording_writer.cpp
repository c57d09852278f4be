// SPDX-License-Identifier: BSD-2-Clause
#include "record/recording_writer.h"

#include <utility>

#include "record/info_json.h"

namespace rqs::record {

Status RecordingWriter::begin(const RecordingInfo& info) {
    const auto mark = file_mark();
    Bytes first(mark.begin(), mark.end());
    Bytes frame = begin_frame();
    const std::string json = to_json(info);
    frame.insert(frame.end(), json.begin(), json.end());
    finish_frame(frame, FrameType::info);
    first.insert(first.end(), frame.begin(), frame.end());
    return file_.append(first);
}

Status RecordingWriter::put(const PackedBlock& block) {
    const std::uint64_t offset = file_.size();
    if (auto written = file_.append(block.frame); !written) {
        return written;
    }
    ++blocks_;
    index_.entries.push_back({offset, block.summary});
    return index_.entries.size() < blocks_an_index ? Status{} : put_index();
}

Status RecordingWriter::put_index() {
    const std::uint64_t offset = file_.size();
    if (auto written = file_.append(index_frame(index_)); !written) {
        return written;
    }
    index_ = {offset, {}};
    return {};
}

Status RecordingWriter::finish(RunEnding ending) {
    if (!index_.entries.empty()) {
        if (auto written = put_index(); !written) {
            return written;
        }
    }
    ending.index_offset = index_.previous_offset;
    ending.blocks = blocks_;
    if (auto written = file_.append(end_frame(ending)); !written) {
        return written;
    }
    return file_.close();
}

}  // namespace rqs::record
