// SPDX-License-Identifier: BSD-2-Clause
// A CPU's story in a few words, and the ledger of a wait at its end.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

#include "ledger/ledger.h"
#include "ledger/parts_for_test.h"

namespace rqs::parts_for_test {

inline constexpr Detail everything{true, UINT32_MAX, true};

/// One CPU told from the start of its clock, and a wait that ends with its last run.
class Scene {
  public:
    Scene& runs(std::uint32_t tid, std::uint64_t ns, std::uint64_t irq_ns = 0,
                std::uint64_t steal_ns = 0) {
        clock_ns_ += ns;
        irq_ns_ += irq_ns;
        steal_ns_ += steal_ns;
        Switch record;
        record.clock_ns = clock_ns_;
        record.follows = follows_;
        record.irq_ns = irq_ns_;
        record.steal_ns = steal_ns_;
        record.task = {tid, tid / 10 * 10, {}};
        record.prio = prio_;
        record.cgroup_id = tid / 100;
        timeline.add(record);
        follows_ = true;
        return *this;
    }
    /// The priority of those who run from now on.
    Scene& at(std::int16_t prio) {
        prio_ = prio;
        return *this;
    }
    /// Time passes of which nothing is told.
    Scene& gap(std::uint64_t ns) {
        clock_ns_ += ns;
        follows_ = false;
        return *this;
    }
    Scene& throttled(std::uint32_t group, std::uint64_t total_ns, std::uint64_t ago_ns) {
        timeline.add_throttling({0, group, clock_ns_, total_ns, ago_ns, 0});
        return *this;
    }
    Scene& perhaps_throttled(std::uint32_t group, std::uint64_t ago_ns) {
        timeline.add_throttling({0, group, clock_ns_, std::nullopt, ago_ns, 0});
        return *this;
    }
    Scene& window_of(std::uint64_t here_ns, std::uint64_t elsewhere_ns = 0) {
        window.end_ns = clock_ns_;
        window.start_ns = clock_ns_ - here_ns;
        window.elsewhere_ns = elsewhere_ns;
        wait.wait_ns = here_ns + elsewhere_ns;
        return *this;
    }
    Parts explain(Detail detail = everything) {
        Ledger ledger(detail);
        ledger.explain(timeline, window, wait);
        if (detail.parts) {
            expect_conserved(wait);
        }
        if (detail.stretches) {
            EXPECT_EQ(ran_in_stretches(timeline, wait), wait.sums.ran_ns());
        }
        return parts_of(wait);
    }

    explicit Scene(std::size_t capacity = 64) : timeline(capacity, true) {
        wait.task = {999'999, 999'990, {}};
    }

    Timeline timeline;
    Window window;
    Wait wait;

  private:
    std::uint64_t clock_ns_ = 1'000'000;
    std::uint64_t irq_ns_ = 500;
    std::uint64_t steal_ns_ = 700;
    bool follows_ = true;
    std::int16_t prio_ = 120;
};

}  // namespace rqs::parts_for_test
