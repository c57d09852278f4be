// SPDX-License-Identifier: BSD-2-Clause
// Switches and waits from what others recorded, as far as it tells them.
//
// A wait begins where sched_wakeup says so; in a file without that tracepoint, where sched_waking
// does, a little too soon; for a task that left the CPU runnable, where it left. It ends where the
// task is switched in. Its time before a sched_migrate_task was spent elsewhere. Where its
// beginning is not in the file, or events were lost since, there is no wait: none is made up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "import/sched_event.h"
#include "model/record.h"

namespace rqs::import {

/// Memory: about 150 bytes a thread, of at most `most_threads`; where there are more, those that
/// neither run nor wait are forgotten.
class SwitchBuilder final : public EventTaker {
  public:
    static constexpr std::size_t most_threads = 1U << 17;

    struct Counts {
        std::uint64_t events = 0;
        std::uint64_t switches = 0;
        std::uint64_t waits = 0;
        std::uint64_t unknown = 0;  ///< came to a CPU, and since when they waited is not known
        std::uint64_t lost = 0;     ///< events
    };

    /// `cpus`: highest number plus one; events of other CPUs are dropped. `next` must outlive it.
    SwitchBuilder(RecordHandler& next, std::uint32_t cpus) : next_(next), cpus_(cpus) {}

    void take(const SchedEvent& event) override;

    [[nodiscard]] const Counts& counts() const { return counts_; }
    [[nodiscard]] std::uint64_t now_ns() const { return now_ns_; }
    [[nodiscard]] std::size_t threads() const { return tasks_.size(); }

  private:
    struct Task {
        std::uint32_t pid = 0;
        Comm comm;
        std::uint32_t cpu = 0;
        bool running = false;
        bool sure = false;             // since_ns is when it was queued, not merely about to be
        std::uint64_t since_ns = 0;    // it waits since then; 0: it does not, or it is not known
        std::uint64_t queued_ns = 0;   // and on this CPU since then
        std::uint32_t waking_cpu = 0;  // where it was woken
        WaitKind kind = WaitKind::unknown;
        std::optional<Waker> waker;
    };
    struct Cpu {
        std::optional<std::uint32_t> running;  // who came last, if no event was lost since
        std::uint64_t last_ns = 0;
    };

    Task& task(std::uint32_t tid);
    TaskId id_of(std::uint32_t tid, const Comm& comm);
    void forget_some();
    void switched(const SchedEvent& event);
    void leave(const SchedEvent& event, Switch& record);
    void arrive(const SchedEvent& event, Switch& record);
    void woken(const SchedEvent& event);
    void migrated(const SchedEvent& event);
    void forked(const SchedEvent& event);
    void named(const SchedEvent& event);
    void lost(const SchedEvent& event);

    RecordHandler& next_;
    std::uint32_t cpus_;
    std::vector<Cpu> of_cpu_;
    std::unordered_map<std::uint32_t, Task> tasks_;
    std::uint64_t now_ns_ = 0;
    std::uint64_t known_from_ns_ = 0;  // what began before is not known: events were lost
    Counts counts_;
};

}  // namespace rqs::import
