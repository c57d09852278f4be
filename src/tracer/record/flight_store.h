// SPDX-License-Identifier: BSD-2-Clause
// A flight recorder: the last seconds in bounded memory, written to a file of their own when
// something has happened that makes them worth it.
#pragma once

#include <cstdint>
#include <deque>
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

/// A dump empties the memory, so that nothing is written twice. Reasons that come sooner than a
/// span after the last dump are kept until then: a machine in trouble gets one dump a span, and
/// they follow one another without a hole.
class FlightStore final : public BlockStore {
  public:
    /// Dumps are called like `path`, with the local time before its extension.
    FlightStore(std::string path, RecordingInfo info, const FlightLimits& limits)
        : path_(std::move(path)), info_(std::move(info)), limits_(limits) {}

    Status put(PackedBlock block) override;
    Status finish(const RunEnding& /*ending*/) override { return {}; }
    [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

    /// There is a reason for a dump, in words for a person. The first one counts.
    void ask(std::string reason);
    /// The reason for which a dump is due now.
    [[nodiscard]] std::optional<std::string> due(std::uint64_t now_ns) const;

    struct Dump {
        std::string path;
        std::uint64_t bytes = 0;
        std::uint64_t span_ns = 0;  ///< from its first block to its last
    };
    /// Writes what is held. Where that fails it is kept. Nothing: nothing is held.
    Result<std::optional<Dump>> dump(std::uint64_t now_ns);

    [[nodiscard]] std::uint64_t dumps() const { return dumps_; }

  private:
    Status write(const std::string& path) const;

    std::string path_;
    RecordingInfo info_;
    FlightLimits limits_;
    std::deque<PackedBlock> blocks_;
    std::uint64_t bytes_ = 0;
    std::uint64_t dumps_ = 0;
    std::uint64_t not_before_ns_ = 0;
    std::optional<std::string> reason_;
};

/// `runqslower-20261125-143005.rec` for `runqslower.rec`; with a number behind it where such a file
/// is there already.
std::string dump_path(const std::string& path, std::int64_t real_s);

}  // namespace rqs::record
