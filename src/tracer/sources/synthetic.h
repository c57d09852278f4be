// SPDX-License-Identifier: BSD-2-Clause
// Made-up switches, as fast as they are taken: what explaining, summing up and formatting cost is
// measured with them, and tests have a machine of any size.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/options.h"
#include "model/record.h"
#include "sources/source.h"
#include "util/error.h"

namespace rqs {

/// CPUs that each give a number of tasks the CPU in turn, by a generator whose numbers are the same
/// everywhere. A task waits from the end of its run to the beginning of its next.
class SyntheticSource final : public Source {
  public:
    struct Machine {
        std::uint32_t cpus = 2;
        std::uint32_t tasks_a_cpu = 8;
        std::uint64_t slice_ns = 500'000;  ///< on average
    };

    /// Uses min_us: shorter waits are counted and not handed on, their switches are.
    explicit SyntheticSource(const SourceOptions& options) : SyntheticSource(options, Machine()) {}
    SyntheticSource(const SourceOptions& options, Machine machine);

    Status start() override;
    /// Hands on records until `timeout` is over or the handler wants no more.
    Status poll(std::chrono::milliseconds timeout, RecordHandler& handler) override;
    Status finish(RecordHandler& handler) override;
    [[nodiscard]] Counters counters() const override { return counters_; }
    [[nodiscard]] std::uint64_t now_ns() const override { return now_ns_; }
    [[nodiscard]] std::uint32_t cpus() const override { return machine_.cpus; }

    /// One switch of the CPU whose turn it is.
    void step(RecordHandler& handler);

  private:
    struct Task {
        TaskId id;
        std::uint64_t cgroup_id = 0;
        std::int16_t prio = 120;
        std::uint64_t left_ns = 0;  // when it left the CPU
        std::uint64_t waited_ns = 0;
        std::uint64_t ran_ns = 0;
    };
    struct Cpu {
        std::vector<Task> tasks;
        std::size_t running = 0;
        std::uint64_t clock_ns = 0;
    };

    std::uint64_t below(std::uint64_t limit);
    Task make_task(std::uint32_t tid);
    Arrival arrive(Task& task, std::uint64_t clock_ns) const;

    Machine machine_;
    std::uint64_t min_ns_;
    std::vector<Cpu> cpus_;
    std::size_t turn_ = 0;
    std::uint64_t began_ns_ = 0;
    std::uint64_t now_ns_ = 0;
    std::uint64_t numbers_ = 0x9e3779b97f4a7c15ULL;
    Counters counters_;
};

}  // namespace rqs
