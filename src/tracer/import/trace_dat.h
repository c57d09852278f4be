// SPDX-License-Identifier: BSD-2-Clause
// trace.dat of trace-cmd, versions 6 and 7. libtracecmd reads it too, but Debian has it for
// programs that are linked dynamically only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "import/byte_source.h"
#include "import/foreign_file.h"
#include "import/ring_page.h"
#include "import/tracing_data.h"

namespace rqs::import {

class TraceDat final : public ForeignFile {
  public:
    static Result<std::unique_ptr<ForeignFile>> open(ByteSource source);

    [[nodiscard]] const ForeignInfo& info() const override { return info_; }
    Result<bool> read_some(EventTaker& taker) override;

  private:
    using Bytes = std::vector<std::uint8_t>;
    enum class Packing : std::uint8_t { none, zstd, zlib };

    /// The pages of a CPU.
    struct Cpu {
        std::uint32_t number = 0;
        std::uint64_t at = 0;  ///< in the file
        std::uint64_t left_bytes = 0;
        std::uint32_t chunks = 0;  ///< compressed ones that are left
        Bytes pages;               ///< unpacked and not taken yet
        std::size_t pages_at = 0;
        RingPage page;
        std::optional<RingPage::Event> event;  ///< the next one
        bool told_missed = true;
    };
    using Next = std::pair<std::uint64_t, std::size_t>;  // when, which of cpus_

    explicit TraceDat(ByteSource source) : source_(std::move(source)) {}

    Status open_six();
    Status open_seven();
    Status read_options_seven(std::uint64_t offset);
    [[nodiscard]] std::optional<Bytes> section(std::uint64_t offset, std::uint16_t& id) const;
    [[nodiscard]] std::optional<Bytes> unpacked(ByteView packed, std::size_t bytes) const;
    void take_section(std::uint64_t offset);
    void take_option(std::uint16_t id, ByteView body);
    void take_buffer(ByteView body);
    Status begin();
    void note_last(const Cpu& cpu);
    [[nodiscard]] std::optional<Bytes> last_chunk(const Cpu& cpu) const;
    bool next_event(Cpu& cpu);
    bool next_page(Cpu& cpu);
    bool next_chunk(Cpu& cpu);
    void tell_names(EventTaker& taker);

    ByteSource source_;
    ForeignInfo info_;
    TracingData tracing_;
    Packing packing_ = Packing::none;
    std::unordered_map<std::uint32_t, std::uint32_t> pids_;  // by tid, where they were saved
    std::vector<Cpu> cpus_;
    std::priority_queue<Next, std::vector<Next>, std::greater<>> queue_;
    bool told_names_ = false;
};

}  // namespace rqs::import
