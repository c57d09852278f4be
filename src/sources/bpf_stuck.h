// SPDX-License-Identifier: BSD-2-Clause
// --stuck: tasks that have waited longer than the threshold and are waiting still.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "model/options.h"
#include "sources/bpf_object.h"
#include "sources/source.h"

namespace rqs {

/// Looks through all tasks twice a second, off the switch path. A task is reported when it is first
/// found and again whenever its wait has doubled.
class StuckFinder {
  public:
    /// `object` must outlive the finder.
    static Result<StuckFinder> make(BpfObject& object, const Options& options);

    Status look(std::uint64_t now_ns, EventHandler& handler);

  private:
    explicit StuckFinder(BpfObject& object) : object_(&object) {}
    bool is_news(const Stuck& stuck);

    struct Seen {
        std::uint64_t began_ns = 0;
        std::uint64_t report_at_ns = 0;  // of waiting
        std::uint64_t look = 0;
    };

    BpfObject* object_;
    std::unordered_map<std::uint32_t, Seen> seen_;  // by tid
    std::uint64_t next_ns_ = 0;
    std::uint64_t looks_ = 0;
};

}  // namespace rqs
