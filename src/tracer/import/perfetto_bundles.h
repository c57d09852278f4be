// SPDX-License-Identifier: BSD-2-Clause
// Events from Perfetto's bundles of a CPU's ftrace events, compact or plain.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "import/event_order.h"
#include "import/sched_event.h"

namespace rqs::import {

class PerfettoBundles {
  public:
    static constexpr std::uint32_t most_cpus = 8192;

    /// `bundle` is an FtraceEventBundle; throws protozero's exceptions where it is none.
    void take(std::string_view bundle, EventTaker& taker);
    /// There are no more.
    void finish(EventTaker& taker) { order_.finish(taker); }

    /// There was one.
    [[nodiscard]] bool begun() const { return begun_; }
    /// Events that came after younger ones had been handed on.
    [[nodiscard]] std::uint64_t late() const { return order_.late(); }

  private:
    /// Who runs on a CPU: compact switches tell only who comes.
    struct Running {
        std::uint32_t tid = 0;
        std::int16_t prio = 120;
        Comm comm;
    };

    struct Compact;

    void take_lost(const Compact& compact, std::uint32_t cpu, EventTaker& taker);
    void take_switches(Compact& compact, std::uint32_t cpu, EventTaker& taker);
    void take_wakings(Compact& compact, std::uint32_t cpu, EventTaker& taker);
    void take_event(std::string_view event, std::uint32_t cpu, EventTaker& taker);

    bool begun_ = false;
    std::unordered_map<std::uint32_t, Running> running_;
    EventOrder order_;
};

}  // namespace rqs::import
