// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/timeline.h"

#include <algorithm>
#include <bit>

namespace rqs {
namespace {

// A wait spans few of a group's throttlings; older ones have been forgotten by the history anyway.
constexpr std::size_t throttlings_kept = 256;

std::uint64_t grown(std::uint64_t before, std::uint64_t now) {
    return now > before ? now - before : 0;
}

}  // namespace

Timeline::Timeline(std::size_t capacity)
    : runs_(std::bit_ceil(std::max<std::size_t>(capacity, 2))) {}

void Timeline::add(const Switch& entry) {
    Run run = entry.run;
    const Edge here{entry.seq, run.end_ns, run.irq_ns, run.steal_ns};
    run.start_known = edge_ && edge_->seq + 1 == entry.seq && edge_->end_ns <= run.end_ns;
    run.start_ns = run.start_known ? edge_->end_ns : run.end_ns;
    run.irq_ns = run.start_known ? grown(edge_->irq_ns, here.irq_ns) : 0;
    run.steal_ns = run.start_known ? grown(edge_->steal_ns, here.steal_ns) : 0;
    edge_ = here;
    first_seq_ = first_seq_.value_or(entry.seq);
    newest_seq_ = entry.seq;
    runs_[count_++ & (runs_.size() - 1)] = run;
}

void Timeline::add_throttling(const ThrottleLook& look) {
    // It takes a place in the sequence between two runs and no time.
    if (edge_ && edge_->seq + 1 == look.seq) {
        edge_->seq = look.seq;
    } else {
        edge_.reset();
    }
    if (throttlings_.size() == throttlings_kept) {
        throttlings_.erase(throttlings_.begin(), throttlings_.begin() + throttlings_kept / 2);
    }
    const std::uint64_t began = look.found_ns - std::min(look.found_ns, look.ago_ns);
    if (!look.total_ns) {
        throttlings_.push_back({look.group, began, look.found_ns, false});
    } else if (*look.total_ns <= look.ago_ns) {
        throttlings_.push_back({look.group, began, began + *look.total_ns, true});
    } else {
        throttlings_.push_back({look.group, look.since_ns, look.found_ns, false});
    }
}

void Timeline::nothing_before_first_since(std::uint64_t ns) {
    if (first_seq_ != 0U || count_ > runs_.size() || runs_[0].start_known || runs_[0].end_ns < ns) {
        return;
    }
    runs_[0].start_ns = ns;
    runs_[0].start_known = true;
}

const Run* Timeline::newest(std::size_t back) const {
    if (back >= count_ || back >= runs_.size()) {
        return nullptr;
    }
    return &runs_[(count_ - 1 - back) & (runs_.size() - 1)];
}

std::optional<std::uint32_t> Timeline::newest_seq() const {
    return newest_seq_;
}

}  // namespace rqs
