// SPDX-License-Identifier: BSD-2-Clause
// Events into a trace for Perfetto (docs/PERFETTO.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "model/recording_info.h"
#include "perfetto/recent_runs.h"
#include "perfetto/sched_tracks.h"
#include "perfetto/threads.h"
#include "perfetto/trace_file.h"
#include "perfetto/wait_slices.h"
#include "session/consumer.h"

namespace rqs::perfetto {

/// Writes as events come; its memory does not grow with them. A failure does not end the session,
/// for others read it too: publish() says what it was.
class Writer final : public Consumer {
  public:
    /// So many tasks stand in a wait's ledger.
    static constexpr std::uint32_t default_named_tasks = 4;

    /// `path` must not be there yet. It shows up in publish().
    static Result<std::unique_ptr<Writer>> create(std::string path, const RecordingInfo& info,
                                                  std::uint32_t named_tasks);

    [[nodiscard]] Needs needs() const override;
    void begin(const RunInfo& info) override;
    void ran(const Ran& ran) override;
    void wait(const Wait& wait) override;
    void loss(const Loss& loss) override;
    void clock(const ClockReading& reading) override;
    void end(const RunEnd& end) override;

    /// After end(), once: then the file is complete. Without this call nothing is left of it.
    Status publish() { return file_->publish(); }

  private:
    Writer(std::unique_ptr<TraceFile> file, const RecordingInfo& info, std::uint32_t named_tasks);

    [[nodiscard]] std::uint64_t boottime(std::uint64_t monotonic_ns) const;
    void write_system();
    void write_clocks(std::uint64_t monotonic_ns, std::int64_t realtime_offset_ns);
    void note_departure(const Ran& ran, std::uint64_t end_ns);
    void write_waking(const Wait& wait, const Threads::Thread& thread, std::uint64_t begin_ns,
                      std::uint64_t end_ns);

    std::unique_ptr<TraceFile> file_;
    std::string kernel_;
    std::string machine_;
    std::int64_t boottime_offset_ns_;
    std::uint32_t named_tasks_;
    SchedTracks sched_;
    RecentRuns runs_;
    std::optional<Threads> threads_;    // from begin() on
    std::optional<WaitSlices> slices_;  // likewise
    std::uint64_t clocks_told_ns_ = 0;
};

}  // namespace rqs::perfetto
