// SPDX-License-Identifier: BSD-2-Clause
// Which threads Perfetto has been told of, and what is known of each.
#pragma once

#include <cstdint>
#include <vector>

#include "model/event.h"
#include "model/known_names.h"
#include "perfetto/trace_file.h"

namespace rqs::perfetto {

/// A direct-mapped table of 32,768 threads, 2 MiB: of two that share a place the one that was there
/// is forgotten. It is told anew when it comes again, in the same words, which Perfetto takes well.
class Threads {
  public:
    struct Thread {
        TaskId task;
        std::uint64_t left_ns = 0;       ///< CLOCK_BOOTTIME; 0: was not seen to leave
        std::uint64_t last_wait_ns = 0;  ///< when its last wait ended
        Left left = Left::unknown;
        bool has_track = false;
        bool process_told = false;
    };

    /// Both must outlive it.
    Threads(TraceFile& file, const KnownNames& names)
        : file_(file), names_(names), threads_(places) {}

    /// A task that has a tid. Its name and process are told at `ts_ns` where they are new.
    Thread& thread(const TaskId& task, std::uint64_t ts_ns);
    /// The track for its slices, made where there is none yet.
    std::uint64_t track(Thread& thread);
    /// Tells of processes whose names came later than they.
    void complete(std::uint64_t ts_ns);

    /// A thread has one track: Perfetto would take a second one for a second thread. So its id
    /// follows from the thread alone, also when it was forgotten meanwhile.
    static std::uint64_t track_of(const TaskId& task) {
        return std::uint64_t{task.tid} << 32 | task.pid;
    }

    static constexpr std::size_t places = 1U << 15;

  private:
    void tell(Thread& thread, std::uint64_t ts_ns);

    TraceFile& file_;
    const KnownNames& names_;
    std::vector<Thread> threads_;
};

}  // namespace rqs::perfetto
