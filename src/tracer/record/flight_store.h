// SPDX-License-Identifier: BSD-2-Clause
// A flight recorder: the last seconds in bounded memory, written to a file of their own when
// something has happened that makes them worth it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "model/recording_info.h"
#include "record/block_store.h"

namespace rqs::record {

struct FlightLimits {
    std::uint64_t span_ns = 0;                ///< so much is kept,
    std::uint64_t max_bytes = 0;              ///< but never more than this
    std::optional<std::uint64_t> trigger_ns;  ///< a wait longer than this is a reason to dump
};

/// What became of a dump.
struct FlightDump {
    std::string reason;
    std::string path;
    std::uint64_t bytes = 0;    ///< 0: nothing had happened since the last one, nothing was written
    std::uint64_t span_ns = 0;  ///< from its first block to its last
};

/// A dump empties the memory, so that nothing is written twice. Reasons that come sooner than a
/// span after the last dump are kept until then: a machine in trouble gets one dump a span, and
/// they follow one another without a hole.
class FlightStore final : public BlockStore {
  public:
    /// Called after each dump, and when one could not be written: what it was to have is kept then.
    using Told = std::function<void(const Result<FlightDump>&)>;

    /// Dumps are called like `path`, with the local time before its extension.
    FlightStore(std::string path, RecordingInfo info, const FlightLimits& limits, Told told)
        : path_(std::move(path)), info_(std::move(info)), limits_(limits), told_(std::move(told)) {}

    Status put(PackedBlock block) override;
    /// A dump that is due later is written now.
    Status finish(const RunEnding& ending) override;
    [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

    /// There is a reason for a dump, in words for a person; of several that wait the first counts.
    /// Times are CLOCK_MONOTONIC.
    void ask(std::string reason, std::uint64_t now_ns);
    /// Dumps at once, whatever was dumped before.
    void dump(std::string reason, std::uint64_t now_ns);

    [[nodiscard]] std::uint64_t dumps() const { return dumps_; }

  private:
    void dump_if_due(std::uint64_t now_ns);
    Result<FlightDump> write_dump(std::string reason, std::uint64_t now_ns);
    Status write(const std::string& path) const;

    std::string path_;
    RecordingInfo info_;
    FlightLimits limits_;
    Told told_;
    std::deque<PackedBlock> blocks_;
    std::uint64_t bytes_ = 0;
    std::uint64_t from_ns_ = 0;  // what came before is not held
    std::uint64_t dumps_ = 0;
    std::uint64_t not_before_ns_ = 0;
    std::optional<std::string> reason_;
};

/// `runqslower-20261125-143005.rec` for `runqslower.rec`; with a number behind it where such a file
/// is there already.
std::string dump_path(const std::string& path, std::int64_t real_s);

}  // namespace rqs::record
