// SPDX-License-Identifier: BSD-2-Clause
// perf.data, of `perf sched record` and `perf record -e sched:*`, as a file or through a pipe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "import/byte_source.h"
#include "import/event_order.h"
#include "import/foreign_file.h"
#include "import/perf_layout.h"
#include "import/tracing_data.h"
#include "import/zstd_stream.h"

namespace rqs::import {

/// The first bytes of such a file.
constexpr std::string_view perf_mark = "PERFILE2";

class PerfData final : public ForeignFile {
  public:
    static Result<std::unique_ptr<ForeignFile>> open(ByteSource source);

    [[nodiscard]] const ForeignInfo& info() const override { return info_; }
    Result<bool> read_some(EventTaker& taker) override;

  private:
    struct Record {
        std::uint32_t type = 0;
        ByteView body;
    };

    explicit PerfData(ByteSource source) : source_(std::move(source)) {}

    Status open_file();
    Status open_pipe();
    Status read_attributes(std::uint64_t offset, std::uint64_t bytes, std::uint64_t each);
    void read_features(Cursor mask, std::uint64_t offset);
    void take_attribute(ByteView attribute, ByteView ids);
    void take_feature(std::size_t number, ByteView body);
    Status take_tracing_data(ByteView body);

    std::optional<Record> next_record();
    std::optional<Record> next_unpacked();
    [[nodiscard]] const PerfLayout* layout_of(ByteView body) const;
    Status take(const Record& record, EventTaker& taker);
    Status take_piped(const Record& record);
    void take_sample(ByteView body, EventTaker& taker);
    void take_side(const Record& record, EventTaker& taker);
    void unpack(ByteView body);
    void finish(EventTaker& taker);

    ByteSource source_;
    ForeignInfo info_;
    TracingData tracing_;
    bool has_tracing_ = false;
    std::optional<PerfLayout> layout_;                       // of the first event
    std::unordered_map<std::uint64_t, PerfLayout> layouts_;  // by id, of events unlike the first
    bool piped_ = false;
    std::uint64_t left_bytes_ = UINT64_MAX;  // of the data section
    std::size_t taken_ = 0;                  // of the source, by the record at hand
    ZstdStream zstd_;
    std::vector<std::uint8_t> unpacked_;
    std::size_t unpacked_at_ = 0;
    EventOrder order_;
    // Newer perf says of the same losses twice: where they happened, and at the end in sum.
    std::uint64_t told_lost_ = 0;
    std::uint64_t samples_lost_ = 0;
    bool ended_ = false;
};

}  // namespace rqs::import
