// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/worst_waits.h"

#include <algorithm>
#include <limits>

namespace rqs {
namespace {

bool worse(const WorstWait& a, const WorstWait& b) {
    return a.wait.wait_ns != b.wait.wait_ns ? a.wait.wait_ns > b.wait.wait_ns
                                            : a.wait.ts_ns < b.wait.ts_ns;
}

}  // namespace

void WorstWaits::keep(const Wait& wait, std::int64_t realtime_offset_ns) {
    if (heap_.size() >= most_) {
        std::pop_heap(heap_.begin(), heap_.end(), worse);
        heap_.pop_back();
    }
    heap_.push_back({wait, realtime_offset_ns});
    std::push_heap(heap_.begin(), heap_.end(), worse);
    if (heap_.size() >= most_) {
        const std::uint64_t shortest_ns = heap_.front().wait.wait_ns;
        from_ns_ = shortest_ns + (shortest_ns < std::numeric_limits<std::uint64_t>::max() ? 1 : 0);
    }
}

std::vector<WorstWait> WorstWaits::waits() const {
    std::vector<WorstWait> sorted = heap_;
    std::sort(sorted.begin(), sorted.end(), worse);
    return sorted;
}

}  // namespace rqs
