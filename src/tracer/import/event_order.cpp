// SPDX-License-Identifier: BSD-2-Clause
#include "import/event_order.h"

#include <algorithm>

namespace rqs::import {

// Of those of one moment the first that came is first.
void EventOrder::sort() {
    keys_.clear();
    for (std::uint32_t i = 0; i < held_.size(); ++i) {
        keys_.emplace_back(held_[i].ts_ns, i);
    }
    std::sort(keys_.begin(), keys_.end());
}

void EventOrder::round(EventTaker& taker) {
    sort();
    const auto end = std::upper_bound(keys_.begin(), keys_.end(), Key{complete_ns_, UINT32_MAX});
    complete_ns_ = newest_ns_;
    hand_on(static_cast<std::size_t>(end - keys_.begin()), taker);
}

void EventOrder::hand_on(std::size_t count, EventTaker& taker) {
    if (keys_.size() != held_.size()) {
        sort();
    }
    for (std::size_t i = 0; i < count; ++i) {
        const SchedEvent& event = held_[keys_[i].second];
        late_ += event.ts_ns < handed_ns_ ? 1U : 0U;
        handed_ns_ = std::max(handed_ns_, event.ts_ns);
        taker.take(event);
    }
    rest_.clear();
    for (std::size_t i = count; i < keys_.size(); ++i) {
        rest_.push_back(held_[keys_[i].second]);
    }
    held_.swap(rest_);
    keys_.clear();
}

}  // namespace rqs::import
