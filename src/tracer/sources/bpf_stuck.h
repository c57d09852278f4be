// SPDX-License-Identifier: BSD-2-Clause
// --stuck: tasks that have waited longer than the threshold and are waiting still.
#pragma once

#include <cstdint>

#include "model/options.h"
#include "sources/bpf_object.h"
#include "sources/order.h"
#include "sources/stuck_news.h"

namespace rqs {

/// Looks through all tasks twice a second, off the switch path. A task is reported when it is first
/// found and again whenever its wait has doubled.
class StuckFinder {
  public:
    /// `object` must outlive the finder.
    static Result<StuckFinder> make(BpfObject& object);

    /// Looks if it is time to; what is found joins the order.
    Status look(std::uint64_t now_ns, WaitOrder& order);

  private:
    explicit StuckFinder(BpfObject& object) : object_(&object) {}

    BpfObject* object_;
    StuckNews news_;
    std::uint64_t next_ns_ = 0;
};

}  // namespace rqs
