// SPDX-License-Identifier: BSD-2-Clause
// Where events come from: the kernel, /proc, a generator; later a recording.
#pragma once

#include <chrono>

#include "model/event.h"
#include "util/error.h"

namespace rqs {

/// Takes events in time order, one call each, on the caller's thread.
class EventHandler {
  public:
    EventHandler() = default;
    EventHandler(const EventHandler&) = delete;
    EventHandler& operator=(const EventHandler&) = delete;
    virtual ~EventHandler() = default;

    /// Each returns false when no more events are wanted (-n reached, output closed).
    virtual bool on_wait(Wait& wait) = 0;
    virtual bool on_stuck(const Stuck& stuck) = 0;
    virtual bool on_interval(const Interval& interval) = 0;
};

class Source {
  public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    /// Begins to watch. Nothing that happens after this returns is missed.
    virtual Status start() = 0;

    /// Hands on what has come, or waits at most `timeout` for something. A signal ends the wait.
    virtual Status poll(std::chrono::milliseconds timeout, EventHandler& handler) = 0;

    /// Ends watching and hands on everything that is still inside.
    virtual Status finish(EventHandler& handler) = 0;

    [[nodiscard]] virtual Counters counters() const = 0;

    /// True where single waits are not known and Interval events come instead.
    [[nodiscard]] virtual bool samples() const { return false; }
};

}  // namespace rqs
