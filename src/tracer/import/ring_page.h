// SPDX-License-Identifier: BSD-2-Clause
// A page of the kernel's ftrace ring buffer, as trace.dat has it.
//
// libtraceevent's kbuffer reads such pages too, but believes their lengths, and these come from a
// stranger's file.
#pragma once

#include <cstdint>
#include <optional>

#include "import/cursor.h"

namespace rqs::import {

class RingPage {
  public:
    /// `bytes` must stay; `long_bytes` of the machine that it is from. False where it is no page.
    bool load(ByteView bytes, std::uint8_t long_bytes);

    /// Events are missing before this page; how many, where the kernel knew.
    [[nodiscard]] bool missed() const { return missed_; }
    [[nodiscard]] std::uint64_t missed_events() const { return missed_events_; }

    struct Event {
        std::uint64_t ts_ns = 0;
        ByteView raw;
    };
    /// The next event; nothing at the end.
    std::optional<Event> next();

  private:
    ByteView rest_;
    std::uint64_t ts_ns_ = 0;
    bool missed_ = false;
    std::uint64_t missed_events_ = 0;
};

}  // namespace rqs::import
