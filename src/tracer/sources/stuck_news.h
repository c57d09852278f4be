// SPDX-License-Identifier: BSD-2-Clause
// Which of the tasks that are found waiting again and again are worth a report.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "model/event.h"

namespace rqs {

/// A wait is news when it is first found and again whenever it has doubled.
class StuckNews {
  public:
    /// Begins another look at all tasks; forgets those that the look before did not find.
    void begin_look();

    /// To be asked once a look for each task that was found.
    bool is_news(const Stuck& stuck);

    /// Tasks that are remembered.
    [[nodiscard]] std::size_t size() const { return seen_.size(); }

  private:
    struct Seen {
        std::uint64_t began_ns = 0;
        std::uint64_t report_at_ns = 0;  // of waiting
        std::uint64_t look = 0;
    };

    std::unordered_map<std::uint32_t, Seen> seen_;  // by tid
    std::uint64_t looks_ = 0;
};

}  // namespace rqs
