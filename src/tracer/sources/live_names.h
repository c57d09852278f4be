// SPDX-License-Identifier: BSD-2-Clause
// Names of processes and cgroups, told as records before what mentions them. Only a live source
// looks names up; a recording has them.
#pragma once

#include <cstdint>

#include "enrich/cgroup_names.h"
#include "enrich/process_names.h"
#include "model/record.h"
#include "session/consumer.h"
#include "sources/told.h"

namespace rqs {

/// Passes records on and tells names first, those that `needs` asks for, again once a second: names
/// and quotas change. A process or cgroup that is gone before its first record is not told.
class LiveNames final : public RecordHandler {
  public:
    LiveNames(RecordHandler& next, const Needs& needs);

    /// To be called after each visit of the source.
    void begin_round(std::uint64_t now_ns);

    void on_switch(const Switch& record) override;
    void on_throttle(const ThrottleLook& look) override { next_.on_throttle(look); }
    void on_stuck(const Stuck& stuck) override;
    void on_interval(const Interval& interval) override;
    void on_loss(const Loss& loss) override { next_.on_loss(loss); }
    void on_clock(const ClockReading& reading) override { next_.on_clock(reading); }
    void on_fork(const Fork& fork) override { next_.on_fork(fork); }
    void on_exit(const Exit& exit) override { next_.on_exit(exit); }
    void on_affinity(const Affinity& affinity) override { next_.on_affinity(affinity); }
    void on_backlog(bool behind) override { next_.on_backlog(behind); }
    void on_reached(std::uint64_t now_ns) override { next_.on_reached(now_ns); }
    [[nodiscard]] bool wants_runs() const override { return next_.wants_runs(); }
    [[nodiscard]] bool done() const override { return next_.done(); }

  private:
    template <typename LookUp>
    void tell(Told& told, std::uint64_t id, LookUp look_up);
    void tell_process(std::uint32_t pid);
    void tell_cgroup(Told& told, std::uint64_t id, bool of_v2);
    void tell_cgroups(std::uint64_t id, std::uint64_t v2_id);

    RecordHandler& next_;
    Needs needs_;
    ProcessNames processes_;
    CgroupNames cgroups_;
    Told processes_told_;
    Told cgroups_told_;
    Told v2_cgroups_told_;
    std::uint64_t now_ns_ = 0;
};

}  // namespace rqs
