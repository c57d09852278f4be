// SPDX-License-Identifier: BSD-2-Clause
// Waits without privileges: the kernel's own sums, read from /proc at intervals.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/event.h"
#include "model/options.h"
#include "sources/clock_readings.h"
#include "sources/source.h"
#include "util/error.h"
#include "util/procfs.h"

namespace rqs {

/// Samples /proc/PID/task/TID/schedstat of every task that may be read. Per interval and thread it
/// hands on the number of waits and the time waited in all of them; single waits are not known.
///
/// The threshold: an interval is kept when the thread waited longer than min_us *in total* in it. A
/// thread that had even one wait longer than min_us is therefore always shown, and so is one that
/// lost as much in small pieces. With 0 every interval with a wait in it is kept.
/// A thread that was moved while it was queued may have waited without having been switched in:
/// `waits` is then 0.
///
/// A thread that was there before us counts from the first reading; one that began later counts
/// from its birth. What a thread waited between the last reading and its end is not known, and a
/// thread that lives between two readings is not seen.
///
/// The process that samples is left out unless the options ask for it.
class SchedstatSource final : public Source {
  public:
    struct Setup {
        util::Procfs procfs;
        /// Only what descends from this process counts (`-- command`), not itself.
        std::optional<std::uint32_t> ancestor;
        /// CLOCK_MONOTONIC and CLOCK_BOOTTIME in ns; a test gives its own.
        std::function<std::uint64_t()> monotonic_ns;
        std::function<std::uint64_t()> boottime_ns;
    };

    /// `options` must outlive the source. Uses: min_us, interval_s (default 1), filters,
    /// self.
    SchedstatSource(const SourceOptions& options, std::optional<std::uint32_t> ancestor);
    SchedstatSource(const SourceOptions& options, Setup setup);

    /// Takes the first reading. Fails where the kernel does not count waits, and (usage) where an
    /// option needs single waits.
    Status start() override;
    Status poll(std::chrono::milliseconds timeout, RecordHandler& handler) override;
    /// Hands on the interval that has not ended.
    Status finish(RecordHandler& handler) override;

    /// seen and kept count waits, not intervals.
    [[nodiscard]] Counters counters() const override { return counters_; }
    [[nodiscard]] bool samples() const override { return true; }
    [[nodiscard]] std::uint64_t now_ns() const override { return setup_.monotonic_ns(); }

    /// Tasks of the last reading that could not be read (other users', where /proc hides them).
    [[nodiscard]] std::uint64_t unreadable() const { return unreadable_; }
    /// Threads of the last reading.
    [[nodiscard]] std::size_t threads() const { return threads_.size(); }

  private:
    struct Thread {
        util::SchedStat last;
        std::uint64_t inode = 0;
        std::uint64_t start_ticks = 0;
        std::uint64_t read_ns = 0;  ///< CLOCK_MONOTONIC of `last`
        std::uint32_t scan = 0;     ///< the reading it was last found in
    };
    /// What is known of a process when only a command's descendants count.
    struct Process {
        std::uint64_t inode = 0;
        std::uint64_t start_ticks = 0;
        std::uint32_t ppid = 0;
        bool descendant = false;
        std::uint32_t scan = 0;
    };

    Status check_options() const;
    Status check_kernel() const;
    void scan(RecordHandler* handler);
    void list_processes(std::vector<util::IdEntry>& pids);
    void leave_out_own(std::vector<util::IdEntry>& pids) const;
    void keep_descendants(std::vector<util::IdEntry>& pids);
    void scan_process(std::uint32_t pid, RecordHandler* handler);
    void scan_thread(const util::ProcDir& tasks, std::uint32_t pid, const util::IdEntry& entry,
                     RecordHandler* handler);
    bool is_wanted(std::uint32_t tid) const;
    bool note_birth(const util::ProcDir& tasks, const util::IdEntry& entry, Thread& thread);
    void report(const util::ProcDir& tasks, TaskId task, const Thread& before, const Thread& after,
                RecordHandler& handler);
    std::optional<Comm> comm_of(const util::ProcDir& tasks, std::uint32_t tid);
    void forget_ended();

    const SourceOptions& options_;
    Setup setup_;
    std::uint64_t interval_ns_ = 0;
    std::uint64_t next_ns_ = 0;       ///< when the next reading is due
    std::uint64_t last_scan_ns_ = 0;  ///< when the last reading began
    std::uint64_t began_ticks_ = 0;   ///< when the first reading began, as Thread::start_ticks
    std::uint32_t scan_ = 0;
    std::uint64_t unreadable_ = 0;
    bool wanted_ = true;  ///< the handler takes more
    Counters counters_;
    ClockReadings clocks_;
    std::unordered_map<std::uint32_t, Thread> threads_;
    std::unordered_map<std::uint32_t, Process> processes_;
    // Reused from reading to reading.
    std::string buffer_;
    std::string path_;
    std::vector<util::IdEntry> pids_;
    std::vector<util::IdEntry> tids_;
};

}  // namespace rqs
