// SPDX-License-Identifier: BSD-2-Clause
// One stream of records for two who take it: a session, and a recorder beside it.
#pragma once

#include "model/record.h"

namespace rqs {

class Fanout final : public RecordHandler {
  public:
    /// Both must outlive it.
    Fanout(RecordHandler& first, RecordHandler& second) : first_(first), second_(second) {}

    void on_switch(const Switch& x) override { both(&RecordHandler::on_switch, x); }
    void on_throttle(const ThrottleLook& x) override { both(&RecordHandler::on_throttle, x); }
    void on_stuck(const Stuck& x) override { both(&RecordHandler::on_stuck, x); }
    void on_interval(const Interval& x) override { both(&RecordHandler::on_interval, x); }
    void on_loss(const Loss& x) override { both(&RecordHandler::on_loss, x); }
    void on_clock(const ClockReading& x) override { both(&RecordHandler::on_clock, x); }
    void on_process(const ProcessInfo& x) override { both(&RecordHandler::on_process, x); }
    void on_cgroup(const CgroupInfo& x) override { both(&RecordHandler::on_cgroup, x); }
    void on_fork(const Fork& x) override { both(&RecordHandler::on_fork, x); }
    void on_exit(const Exit& x) override { both(&RecordHandler::on_exit, x); }
    void on_affinity(const Affinity& x) override { both(&RecordHandler::on_affinity, x); }
    void on_backlog(bool behind) override {
        first_.on_backlog(behind);
        second_.on_backlog(behind);
    }
    void on_reached(std::uint64_t now_ns) override {
        first_.on_reached(now_ns);
        second_.on_reached(now_ns);
    }
    [[nodiscard]] bool wants_runs() const override {
        return first_.wants_runs() || second_.wants_runs();
    }
    [[nodiscard]] bool done() const override { return first_.done() || second_.done(); }

  private:
    template <typename T>
    void both(void (RecordHandler::*hand_on)(const T&), const T& record) {
        (first_.*hand_on)(record);
        (second_.*hand_on)(record);
    }

    RecordHandler& first_;
    RecordHandler& second_;
};

}  // namespace rqs
