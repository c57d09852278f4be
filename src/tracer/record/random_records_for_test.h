// SPDX-License-Identifier: BSD-2-Clause
// Made-up records of every kind, as odd as they may be: the encoding must carry them all.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "model/record.h"

namespace rqs::record {

class RandomRecords {
  public:
    explicit RandomRecords(std::uint64_t seed, std::uint32_t cpus = 3)
        : random_(seed), cpus_(cpus) {
        clocks_.resize(cpus);
    }

    /// Hands on one switch, and now and then something else before it.
    void step(RecordHandler& handler) {
        if (rarely()) {
            happen(handler);
        }
        Switch record;
        record.cpu = static_cast<std::uint32_t>(below(cpus_));
        std::uint64_t& clock = clocks_[record.cpu];
        record.follows = clock > 0 && !rarely();  // nothing is before the first
        clock += 1 + below(std::uint64_t{1} << below(30));
        record.clock_ns = clock + 1'000'000'000'000;
        if (rarely()) {
            record.since_ns = record.clock_ns - below(1000);
        }
        record.task = task();
        record.ppid = rarely() ? 7 : 1;
        record.left = static_cast<Left>(below(7));
        record.prio = static_cast<std::int16_t>(rarely() ? -1 : 120);
        record.policy = rarely() ? Policy::deadline : Policy::other;
        record.kernel_thread = record.task.tid % 5 == 0;
        record.cgroup_id = record.task.tid % 3;
        record.irq_ns = rarely() ? below(Switch::counter_span_ns) : irq_ns_;
        record.steal_ns = rarely() ? below(1'000'000) : 0;
        irq_ns_ = record.irq_ns;
        if (below(4) != 0) {
            record.came = arrival(record);
        }
        handler.on_switch(record);
    }

  private:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    bool rarely() { return below(20) == 0; }

    TaskId task() {
        TaskId id;
        id.tid = static_cast<std::uint32_t>(below(40));
        id.pid = id.tid / 4 * 4;
        id.comm =
            Comm::from(rarely() ? std::string("\x1b[2J\xff\"") : "task" + std::to_string(id.tid));
        return id;
    }

    Arrival arrival(const Switch& record) {
        Arrival came;
        came.ts_ns = record.clock_ns + (rarely() ? below(100) : 5'000'000'000);
        came.here_ns = below(record.clock_ns >> below(40));
        came.elsewhere_ns = rarely() ? below(1'000'000) : 0;
        came.task = task();
        came.ppid = rarely() ? 7 : 1;
        came.prio = static_cast<std::int16_t>(rarely() ? 98 : 120);
        came.policy = rarely() ? Policy::fifo : Policy::other;
        came.kernel_thread = came.task.tid % 5 == 0;
        came.cgroup_id = rarely() ? 99 : 5;
        came.sched_cgroup_id = came.task.tid % 3;
        came.group = rarely() ? static_cast<std::uint32_t>(below(4)) : 0;
        came.stamped = !rarely();
        came.complete = !rarely();
        came.kind = static_cast<WaitKind>(below(5));
        came.run_delay_ns = below(1'000'000'000);
        came.runtime_ns = rarely() ? random_() : below(1'000'000'000);
        if (rarely()) {
            came.waker = Waker{task(), static_cast<std::uint32_t>(below(cpus_)), below(2) == 0};
        }
        return came;
    }

    void happen(RecordHandler& handler) {
        switch (below(8)) {
            case 0:
                handler.on_throttle({1, 2, below(1'000'000), std::nullopt, 4, below(6)});
                break;
            case 1:
                handler.on_loss({Loss::any_cpu, below(50), random_(), 3, LossReason::damage});
                break;
            case 2:
                handler.on_clock({random_(), -static_cast<std::int64_t>(below(1'000'000))});
                break;
            case 3:
                handler.on_process({static_cast<std::uint32_t>(below(40)),
                                    Comm::from(rarely() ? "" : "main"), 1, Comm::from("init")});
                break;
            case 4: {
                CgroupInfo info;
                info.id = below(3);
                info.path = rarely() ? "/other" : "/a/b";
                info.quota_us = rarely() ? std::optional<std::uint64_t>(20000) : std::nullopt;
                info.weight = 100;
                handler.on_cgroup(info);
                break;
            }
            case 5:
                handler.on_affinity(
                    {random_(), static_cast<std::uint32_t>(below(40)), {3, random_()}});
                break;
            case 6:
                handler.on_fork({random_(), task(), task()});
                break;
            default:
                handler.on_exit({random_(), task()});
        }
    }

    std::mt19937_64 random_;
    std::uint32_t cpus_;
    std::vector<std::uint64_t> clocks_;
    std::uint64_t irq_ns_ = 0;
};

}  // namespace rqs::record
