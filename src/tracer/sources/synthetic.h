// SPDX-License-Identifier: BSD-2-Clause
// Made-up waits, as fast as they are taken: what formatting and aggregating cost is measured here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/event.h"
#include "model/options.h"
#include "sources/source.h"
#include "util/error.h"

namespace rqs {

/// Hands on the same `distinct` waits again and again, with times that go on. They look like real
/// ones: 1 to 4 parts that sum to the wait, several processes, CPUs and causes.
class SyntheticSource final : public Source {
  public:
    static constexpr std::size_t default_distinct = 4096;

    /// Uses min_us: shorter waits are counted and not handed on.
    explicit SyntheticSource(const Options& options, std::size_t distinct = default_distinct);

    Status start() override;
    /// Hands on waits until `timeout` is over or the handler wants no more.
    Status poll(std::chrono::milliseconds timeout, EventHandler& handler) override;
    Status finish(EventHandler& handler) override;
    [[nodiscard]] Counters counters() const override { return counters_; }

  private:
    bool next(EventHandler& handler);

    std::vector<Wait> waits_;   ///< what is handed on; a handler may change it
    std::vector<Wait> origin_;  ///< what it is mended from
    std::uint64_t min_ns_;
    std::size_t at_ = 0;
    std::uint64_t ts_ns_ = 0;
    Counters counters_;
};

}  // namespace rqs
