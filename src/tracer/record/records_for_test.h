// SPDX-License-Identifier: BSD-2-Clause
// Records as texts, so that tests compare what went in with what came out, in order.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "model/record.h"

namespace rqs::record {

/// Writes down everything that comes, each field of it.
class Witness : public RecordHandler {
  public:
    void on_switch(const Switch& s) override {
        std::string line = fmt::format(
            "switch {} {} {} {} {} {} {} {} {} {} {} {} {}", s.cpu, s.clock_ns, s.follows,
            s.since_ns.value_or(0), of(s.task), s.ppid, static_cast<int>(s.left), s.prio,
            static_cast<int>(s.policy), s.kernel_thread, s.cgroup_id, s.irq_ns, s.steal_ns);
        if (s.came) {
            const Arrival& a = *s.came;
            line += fmt::format(" | {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", a.ts_ns,
                                a.here_ns, a.elsewhere_ns, of(a.task), a.ppid, a.prio,
                                static_cast<int>(a.policy), a.kernel_thread, a.cgroup_id,
                                a.sched_cgroup_id, a.group, a.stamped, a.complete,
                                static_cast<int>(a.kind), a.run_delay_ns, a.runtime_ns);
            if (a.waker) {
                line +=
                    fmt::format(" | {} {} {}", of(a.waker->task), a.waker->cpu, a.waker->interrupt);
            }
        }
        lines.push_back(std::move(line));
    }
    void on_throttle(const ThrottleLook& look) override {
        lines.push_back(fmt::format("throttle {} {} {} {} {} {}", look.cpu, look.group,
                                    look.found_ns, look.total_ns.value_or(1), look.ago_ns,
                                    look.since_ns));
    }
    void on_stuck(const Stuck& s) override {
        lines.push_back(fmt::format("stuck {} {} {} {} {} {} {} {} {} {} {} {}", s.ts_ns,
                                    s.waiting_ns, s.cpu, of(s.task), of(s.running), s.cgroup_id,
                                    s.sched_cgroup_id, s.prio, static_cast<int>(s.policy),
                                    static_cast<int>(s.kind), s.throttled, s.running_prio));
    }
    void on_loss(const Loss& loss) override {
        lines.push_back(fmt::format("loss {} {} {} {} {}", loss.cpu, loss.from_ns, loss.to_ns,
                                    loss.lost, static_cast<int>(loss.reason)));
    }
    void on_clock(const ClockReading& r) override {
        lines.push_back(fmt::format("clock {} {}", r.ts_ns, r.realtime_offset_ns));
    }
    void on_process(const ProcessInfo& p) override {
        lines.push_back(
            fmt::format("process {} {} {} {}", p.pid, p.comm.view(), p.ppid, p.parent_comm.view()));
    }
    void on_cgroup(const CgroupInfo& c) override {
        lines.push_back(fmt::format("cgroup {} {} {} {} {} {} {} {}", c.id, c.path,
                                    c.quota_us.value_or(1), c.period_us, c.quota_cgroup_id,
                                    c.quota_path, c.of_v2, c.weight.value_or(1)));
    }
    void on_fork(const Fork& f) override {
        lines.push_back(fmt::format("fork {} {} {}", f.ts_ns, of(f.parent), of(f.child)));
    }
    void on_exit(const Exit& e) override {
        lines.push_back(fmt::format("exit {} {}", e.ts_ns, of(e.task)));
    }
    void on_affinity(const Affinity& a) override {
        std::string line = fmt::format("affinity {} {}", a.ts_ns, a.tid);
        for (const std::uint64_t word : a.cpus) {
            line += fmt::format(" {:x}", word);
        }
        lines.push_back(std::move(line));
    }

    std::vector<std::string> lines;

  private:
    static std::string of(const TaskId& id) {
        return fmt::format("{}/{}/{}", id.tid, id.pid, id.comm.view());
    }
};

}  // namespace rqs::record
