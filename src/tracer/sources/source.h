// SPDX-License-Identifier: BSD-2-Clause
// Where records come from: the kernel, /proc, a generator; later a recording.
#pragma once

#include <chrono>
#include <cstdint>

#include "model/record.h"
#include "util/error.h"

namespace rqs {

class Source {
  public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    /// Everything that can be done before watching begins.
    virtual Status prepare() { return {}; }
    /// Begins to watch, after prepare(). Nothing that happens after this returns is missed.
    virtual Status start() = 0;

    /// Hands on what has come, or waits at most `timeout` for something. A signal ends the wait.
    /// Records come on the caller's thread.
    virtual Status poll(std::chrono::milliseconds timeout, RecordHandler& handler) = 0;

    /// Ends watching and hands on everything that is still inside.
    virtual Status finish(RecordHandler& handler) = 0;

    /// What the source knows: `kept` and `left_out` are for those who take the records to count.
    [[nodiscard]] virtual Counters counters() const = 0;

    /// True where single waits are not known and Interval records come instead.
    [[nodiscard]] virtual bool samples() const { return false; }

    /// The time of its events now, CLOCK_MONOTONIC.
    [[nodiscard]] virtual std::uint64_t now_ns() const = 0;
    /// One more than the highest number of a CPU.
    [[nodiscard]] virtual std::uint32_t cpus() const { return 1; }
};

}  // namespace rqs
