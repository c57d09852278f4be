// SPDX-License-Identifier: BSD-2-Clause
// Where what lies in perf's records, by the attributes of the event that made them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "import/cursor.h"

namespace rqs::import {

/// What is used of a sample, or of what stands behind any other record.
struct PerfSample {
    std::uint64_t time_ns = 0;
    std::uint32_t pid = 0;
    std::uint32_t tid = 0;
    std::uint32_t cpu = 0;
    bool has_cpu = false;
    ByteView raw;  ///< a tracepoint in the kernel's form
};

/// PERF_SAMPLE_* and the attributes that decide on layouts.
class PerfLayout {
  public:
    /// Of a perf_event_attr, which may be shorter or longer than today's.
    static std::optional<PerfLayout> of_attribute(ByteView attribute);

    /// `body` is a sample's, without the header. Nothing where it is cut.
    [[nodiscard]] std::optional<PerfSample> sample(ByteView body) const;
    /// What stands at the end of a record that is no sample.
    [[nodiscard]] PerfSample trailer(ByteView body) const;
    /// Whether its samples can be told apart and put in time.
    [[nodiscard]] bool usable() const;

    bool operator==(const PerfLayout&) const = default;

  private:
    std::uint64_t type_ = 0;
    std::uint64_t read_format_ = 0;
    bool all_have_ids_ = false;
};

}  // namespace rqs::import
