// SPDX-License-Identifier: BSD-2-Clause
// Who had each CPU, as compact scheduling events. Perfetto makes its CPU tracks and the states of
// threads of them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/event.h"
#include "perfetto/trace_file.h"

namespace rqs::perfetto {

/// All times are CLOCK_BOOTTIME, ns. What a CPU did is told in its order; CPUs need no order among
/// each other, since Perfetto sorts. Memory: about 40 KiB for each CPU that did something.
///
/// The compact form tells of a switch who came, and takes it that who came last leaves next. So:
/// - Perfetto drops the first of each CPU, which has nobody to leave: one is made up before it.
/// - Where runs are missing between two, who came last did not leave. A task that does not exist,
///   `not recorded`, stands there.
class SchedTracks {
  public:
    /// Perfetto refuses traces of more CPUs.
    static constexpr std::uint32_t most_cpus = 1024;
    /// Ids of tasks that do not exist, one for each CPU: the kernel gives none above 2^22.
    static constexpr std::uint32_t not_recorded_tid = 0x7f000000;

    explicit SchedTracks(TraceFile& file) : file_(file) {}

    /// A run ended, at `end_ns`; 0: nobody knows when.
    void ran(const Ran& ran, std::uint64_t end_ns);
    /// At the switch at which the last run of its CPU ended.
    void came(const Wait& wait);
    /// Somebody made the waiter runnable.
    void woken(const Wait& wait, std::uint64_t ts_ns);
    /// The thread was last seen to leave, still runnable, at `left_ns`, and is runnable or running
    /// at `until_ns`. If some CPU has a gap in between, it may have run there: its state is not
    /// known from the gap on. False, and nothing is written, where there is no gap.
    [[nodiscard]] bool cut_at_gap(const TaskId& task, std::int16_t prio, std::uint64_t left_ns,
                                  std::uint64_t until_ns);
    /// Waits of this CPU, or of any, are missing.
    void lost(std::uint32_t cpu);
    /// Nothing more comes.
    void end();

  private:
    struct Next {
        std::uint32_t tid = 0;
        std::int16_t prio = 120;
        Comm comm;
    };
    static constexpr std::size_t gaps_kept = 64;
    struct Gap {
        std::uint64_t from_ns = 0;
        std::uint64_t to_ns = 0;
    };
    /// A bundle that is being made: arrays of varints, as they are stored.
    struct Bundle {
        std::uint32_t count = 0;
        std::uint64_t last_ns = 0;
        std::string timestamps, states, pids, prios, comms, events;
        std::vector<Comm> table;
        std::array<std::uint8_t, 256> places{};  // of comms in `table`, by hash; 0: none

        void add(std::uint64_t ts_ns, std::uint32_t prev_state, const Next& next);
        void write_switches(protozero::pbf_writer& to) const;
        void clear();
        [[nodiscard]] bool full() const;
        [[nodiscard]] std::uint32_t index_of(const Comm& comm);
    };
    struct Cpu {
        bool begun = false;
        bool lossy = false;
        std::uint64_t last_ns = 0;  ///< of the last switch that was written
        // The last switch, until it is known who came.
        std::uint64_t switch_ns = 0;
        std::uint32_t prev_state = 0;
        std::optional<Next> next;
        std::array<Gap, gaps_kept> gaps{};  ///< the last ones, a circle
        std::uint64_t gap_count = 0;
        Bundle bundle;

        /// The first one that is known between the two.
        [[nodiscard]] const Gap* gap_between(std::uint64_t from_ns, std::uint64_t to_ns) const;
    };

    Cpu* cpu(std::uint32_t number);
    void begin(std::uint32_t number, Cpu& cpu, const Ran& ran, std::uint64_t end_ns);
    void follow(std::uint32_t number, Cpu& cpu, const Ran& ran);
    void leave_gap(std::uint32_t number, Cpu& cpu, const Ran& ran, std::uint64_t end_ns);
    void add(std::uint32_t number, Cpu& cpu, std::uint64_t ts_ns, std::uint32_t prev_state,
             const Next& next);
    void write(std::uint32_t number, bool lossy, Bundle& bundle);
    static Next not_recorded(std::uint32_t number);

    TraceFile& file_;
    std::vector<std::unique_ptr<Cpu>> cpus_;  // made when each first says something
};

}  // namespace rqs::perfetto
