// SPDX-License-Identifier: BSD-2-Clause
// A Perfetto trace with sched events from ftrace, compact or plain, as a file or through a pipe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "import/byte_source.h"
#include "import/foreign_file.h"
#include "import/perfetto_bundles.h"

namespace rqs::import {

class PerfettoTrace final : public ForeignFile {
  public:
    /// Whether these may be the first bytes of such a file: the head of a packet that is no larger
    /// than packets are.
    static bool recognises(ByteView first_bytes);
    static Result<std::unique_ptr<ForeignFile>> open(ByteSource source);

    [[nodiscard]] const ForeignInfo& info() const override { return info_; }
    Result<bool> read_some(EventTaker& taker) override;

  private:
    using Bytes = std::vector<std::uint8_t>;

    explicit PerfettoTrace(ByteSource source) : source_(std::move(source)) {}

    std::optional<Bytes> next_packet();
    void count_cpus();
    void take_packet(std::string_view packet, EventTaker& taker);
    void take_packet_of(std::string_view packet, EventTaker& taker);
    void take_packets(std::string_view packets, EventTaker& taker);
    void take_clocks(std::string_view snapshot);
    void take_system(std::string_view info);
    void take_names(std::string_view tree, EventTaker& taker);

    ByteSource source_;
    ForeignInfo info_;
    PerfettoBundles bundles_;
    std::vector<SchedEvent> names_;  // from before that
    std::optional<Bytes> held_;  // the packet with the first bundle, until somebody takes events
    bool ended_ = false;
};

}  // namespace rqs::import
