// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/loss_timeline.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace rqs {
namespace {

void join(Loss& whole, const Loss& more) {
    whole.from_ns = std::min(whole.from_ns, more.from_ns);
    whole.to_ns = std::max(whole.to_ns, more.to_ns);
    whole.lost += more.lost;
}

bool earlier(const Loss& a, const Loss& b) {
    return std::tie(a.from_ns, a.to_ns, a.cpu, a.reason) <
           std::tie(b.from_ns, b.to_ns, b.cpu, b.reason);
}

}  // namespace

/// Losses of a CPU are told in order, or nearly: one that overlaps another is joined as well.
bool LossTimeline::joins(const Loss& before, const Loss& next) const {
    const std::uint64_t apart_ns = next.from_ns - std::min(before.to_ns, next.from_ns);
    return before.cpu == next.cpu && before.reason == next.reason && apart_ns <= distance_ns_;
}

void LossTimeline::add(const Loss& loss) {
    Loss added = loss;
    if (!by_cpu_) {
        added.cpu = Loss::any_cpu;
    }
    if (join_last(added)) {
        return;
    }
    if (losses_.size() >= most_) {
        make_room();
        add(loss);  // CPUs may not be told apart any more
        return;
    }
    losses_.push_back(added);
}

/// Only the last one of the same CPU and reason is close. It is found among as many entries as
/// there are CPUs that lose something.
bool LossTimeline::join_last(const Loss& loss) {
    const auto last = std::find_if(losses_.rbegin(), losses_.rend(), [&](const Loss& each) {
        return each.cpu == loss.cpu && each.reason == loss.reason;
    });
    if (last == losses_.rend() || !joins(*last, loss)) {
        return false;
    }
    join(*last, loss);
    return true;
}

void LossTimeline::join_all() {
    std::vector<Loss> apart = std::exchange(losses_, {});
    std::sort(apart.begin(), apart.end(), earlier);
    for (const Loss& each : apart) {
        if (!join_last(each)) {
            losses_.push_back(each);
        }
    }
}

/// Half of the room is gained, so that it is not called for each loss from then on.
void LossTimeline::make_room() {
    constexpr std::uint64_t longest_ns = std::numeric_limits<std::uint64_t>::max();
    while (losses_.size() > most_ / 2) {
        if (distance_ns_ < longest_ns) {
            distance_ns_ = distance_ns_ > longest_ns / 2 ? longest_ns : distance_ns_ * 2;
        } else if (by_cpu_) {
            by_cpu_ = false;
            distance_ns_ = first_distance_ns;
            for (Loss& each : losses_) {
                each.cpu = Loss::any_cpu;
            }
        } else {
            return;  // one for each reason is left
        }
        join_all();
    }
}

std::vector<Loss> LossTimeline::losses() const {
    std::vector<Loss> sorted = losses_;
    std::sort(sorted.begin(), sorted.end(), earlier);
    return sorted;
}

}  // namespace rqs
