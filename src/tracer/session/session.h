// SPDX-License-Identifier: BSD-2-Clause
// One source's records in, events for any number of consumers out: explaining, filtering, counting.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "filter/wait_filter.h"
#include "ledger/explainer.h"
#include "model/known_names.h"
#include "model/record.h"
#include "session/consumer.h"

namespace rqs {

/// What all of them together need.
[[nodiscard]] Needs needs_of(const std::vector<Consumer*>& consumers);

/// Nothing here reads a clock, /proc or a file: what comes out depends on the records alone, so
/// that a replay says what the live run said. What no consumer needs is not computed.
class Session final : public RecordHandler {
  public:
    struct Setup {
        std::uint64_t min_us = 0;
        std::uint32_t cpus = 1;
        bool sampled = false;
        std::uint64_t began_ns = 0;  ///< CLOCK_MONOTONIC
        std::int64_t realtime_offset_ns = 0;
        std::optional<std::uint64_t> count;  ///< -n: end after so many events
        /// Applied here where the source does not; must outlive the session.
        const Filters* filters = nullptr;
    };

    /// Consumers are called in this order and must outlive the session.
    Session(const Setup& setup, std::vector<Consumer*> consumers);

    /// What all consumers together need; for sources that look names up.
    [[nodiscard]] const Needs& needs() const { return needs_; }
    [[nodiscard]] const KnownNames& names() const { return names_; }

    /// The waits of these processes are left out, and counted, from now on.
    void leave_out(std::unordered_set<std::uint32_t> pids) { left_out_pids_ = std::move(pids); }

    void begin();
    /// Writes out what is due.
    Status flush();
    /// `counters` are the source's last.
    void end(std::uint64_t now_ns, const Counters& counters);

    /// Waits handed on and left out.
    [[nodiscard]] std::uint64_t kept() const { return kept_; }

    void on_switch(const Switch& record) override;
    void on_throttle(const ThrottleLook& look) override {
        if (needs_.explanation()) {
            explainer_.add(look);
        }
    }
    void on_stuck(const Stuck& stuck) override;
    void on_interval(const Interval& interval) override;
    void on_loss(const Loss& loss) override;
    void on_clock(const ClockReading& reading) override;
    void on_fork(const Fork& fork) override;
    void on_exit(const Exit& exit) override;
    void on_affinity(const Affinity& affinity) override;
    void on_process(const ProcessInfo& info) override { names_.learn(info); }
    void on_cgroup(const CgroupInfo& info) override { names_.learn(info); }
    void on_backlog(bool behind) override { explainer_.be_brief(behind); }
    void on_reached(std::uint64_t now_ns) override;
    [[nodiscard]] bool wants_runs() const override { return needs_.explanation(); }
    [[nodiscard]] bool done() const override;

  private:
    void hand_on_run(const Ran& ran);
    [[nodiscard]] bool wants_parts(std::uint64_t wait_ns) const;

    Setup setup_;
    std::vector<Consumer*> consumers_;
    std::vector<Consumer*> part_readers_;  // those of them that need parts
    Needs needs_;
    std::size_t runs_kept_;
    KnownNames names_;
    WaitFilter filter_;
    Explainer explainer_;
    std::unordered_set<std::uint32_t> left_out_pids_;
    Wait wait_;  // its memory is used again
    std::uint64_t events_ = 0;
    std::uint64_t kept_ = 0;
    std::uint64_t left_out_ = 0;
    std::uint64_t unwanted_ = 0;  // did not pass the filter, and were never seen
};

}  // namespace rqs
