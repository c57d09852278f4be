// SPDX-License-Identifier: BSD-2-Clause
#include "sources/order.h"

#include <algorithm>
#include <iterator>

namespace rqs {

Wait& WaitOrder::next() {
    if (open_ == nullptr) {
        if (free_.empty()) {
            open_ = &pool_.emplace_back();
        } else {
            open_ = free_.back();
            free_.pop_back();
        }
    }
    return *open_;
}

void WaitOrder::commit() {
    order_.push_back(open_);
    open_ = nullptr;
}

void WaitOrder::release_stuck(std::uint64_t until_ns, EventHandler& handler) {
    while (!stuck_.empty() && stuck_.front().ts_ns <= until_ns) {
        refused_ = refused_ || !handler.on_stuck(stuck_.front());
        stuck_.pop_front();
    }
}

std::uint64_t WaitOrder::release(std::uint64_t until_ns, EventHandler& handler) {
    std::stable_sort(order_.begin(), order_.end(),
                     [](const Wait* a, const Wait* b) { return a->ts_ns < b->ts_ns; });
    const auto end =
        std::partition_point(order_.begin(), order_.end(),
                             [until_ns](const Wait* wait) { return wait->ts_ns <= until_ns; });
    std::uint64_t taken = 0;
    for (auto it = order_.begin(); it != end; ++it) {
        release_stuck((*it)->ts_ns, handler);
        late_ += (*it)->ts_ns < newest_released_ns_ ? 1U : 0U;
        newest_released_ns_ = std::max(newest_released_ns_, (*it)->ts_ns);
        if (!refused_) {
            refused_ = !handler.on_wait(**it);
            taken += 1;
        }
        free_.push_back(*it);
    }
    release_stuck(until_ns, handler);
    order_.erase(order_.begin(), end);
    return taken;
}

}  // namespace rqs
