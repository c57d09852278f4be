// SPDX-License-Identifier: BSD-2-Clause
// Records from recordings: a file, a pipe, or the files of a rotation.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/recording_info.h"
#include "record/block_decoder.h"
#include "record/recording_reader.h"
#include "sources/source.h"
#include "util/same_file.h"

namespace rqs {

/// Which part is wanted, CLOCK_MONOTONIC of the recording: waits that end in it.
struct ReplaySpan {
    std::uint64_t from_ns = 0;
    std::uint64_t to_ns = UINT64_MAX;
};

class RecordingSource final : public Source {
  public:
    static constexpr std::size_t most_damage = 20;

    /// Opens all files, which must be of one run, and puts them in order. `-` is standard input.
    static Result<std::unique_ptr<RecordingSource>> open(const std::vector<std::string>& paths);

    /// Of the run; before poll() for the first time.
    [[nodiscard]] const RecordingInfo& info() const { return readers_.front().info(); }
    /// What that file is called, where it is one of these.
    [[nodiscard]] std::optional<std::string> reads(const util::FileId& file) const;
    /// Waits of at most `min_us` are not handed on, nor those outside the span.
    void want(std::uint64_t min_us, const ReplaySpan& span);

    Status start() override { return {}; }
    /// Hands on a block, without waiting.
    Status poll(std::chrono::milliseconds timeout, RecordHandler& handler) override;
    Status finish(RecordHandler& /*handler*/) override { return {}; }
    [[nodiscard]] Counters counters() const override;
    /// The time of what was handed on last.
    [[nodiscard]] std::uint64_t now_ns() const override { return now_ns_; }
    [[nodiscard]] std::uint32_t cpus() const override { return info().cpus; }

    /// Everything was handed on.
    [[nodiscard]] bool ended() const { return current_ >= readers_.size(); }
    /// What is wrong with the recording, a line each, at most `most_damage` and one that counts the
    /// rest; complete once it has ended.
    [[nodiscard]] const std::vector<std::string>& damage() const { return damage_; }
    [[nodiscard]] std::uint64_t switches() const { return switches_; }

  private:
    class Gate;

    explicit RecordingSource(std::vector<record::RecordingReader> readers);
    Status put_in_order();
    void begin_file(RecordHandler& handler);
    void seek_to_span();
    void hand_on(const record::RecordingReader::Frame& frame, RecordHandler& handler);
    void note_missing(std::uint64_t waits, std::uint64_t until_ns, RecordHandler& handler) const;
    void note_hole(std::uint64_t waits, std::uint64_t until_ns, RecordHandler& handler);
    void note_damage(std::string line);
    void end_file(bool at_its_end, RecordHandler& handler);

    std::vector<record::RecordingReader> readers_;
    std::size_t current_ = 0;
    record::Unpacker unpacker_;
    std::optional<record::BlockDecoder> decoder_;  // of the machine that the run was on
    std::uint64_t min_ns_ = 0;
    ReplaySpan span_;
    bool sought_ = false;
    bool continues_ = false;   // the block before was handed on
    std::uint64_t waits_ = 0;  // of the run, by the end of the last block that was read
    std::uint64_t switches_ = 0;
    std::uint64_t seen_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t now_ns_ = 0;
    std::vector<std::string> damage_;
    std::size_t more_damage_ = 0;
};

}  // namespace rqs
