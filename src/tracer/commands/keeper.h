// SPDX-License-Identifier: BSD-2-Clause
// What a run keeps: opens the store that was asked for, and says what became of it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "commands/triggers.h"
#include "model/options.h"
#include "model/recording_info.h"
#include "record/block_store.h"
#include "record/recorder.h"
#include "util/error.h"

namespace rqs {

namespace record {
class FileStore;
class FlightStore;
}  // namespace record

/// What this machine and the command line tell of a recording; not when it begins.
RecordingInfo info_of(const TraceOptions& options);

/// `12.3 MB`, for a person.
std::string size_text(std::uint64_t bytes);

class Keeper {
  public:
    static Result<std::unique_ptr<Keeper>> open(const RecordOptions& options,
                                                const RecordingInfo& info);

    [[nodiscard]] record::Recorder& recorder() { return *recorder_; }
    [[nodiscard]] const record::Recorder& recorder() const { return *recorder_; }
    /// Stored so far.
    [[nodiscard]] std::uint64_t bytes() const { return recorder_->stored_bytes(); }

    /// Between two visits of the source.
    void look(std::uint64_t now_ns);
    /// Why keeping failed, if it did.
    Status finish(std::uint64_t now_ns, const Counters& counters);
    /// What a person wants to know at the end.
    [[nodiscard]] std::string last_word() const;

  private:
    explicit Keeper(const RecordOptions& options) : options_(options) {}
    Status open_file(const RecordingInfo& info);
    Status open_flight(const RecordingInfo& info);

    const RecordOptions& options_;
    std::unique_ptr<record::BlockStore> store_;
    // What store_ is, one of the two.
    record::FileStore* file_ = nullptr;
    record::FlightStore* flight_ = nullptr;
    std::optional<Triggers> triggers_;
    std::unique_ptr<record::Recorder> recorder_;
};

}  // namespace rqs
