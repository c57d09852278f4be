// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/time_spans.h"

#include <algorithm>

namespace rqs {

std::uint64_t TimeSpans::forget_half() {
    const std::size_t gone = spans_.size() / 2;
    known_from_ns_ = half_ns();
    forgotten_before_ns_ = spans_[gone].before_ns;
    forgotten_ += gone;
    spans_.erase(spans_.begin(), spans_.begin() + static_cast<std::ptrdiff_t>(gone));
    return known_from_ns_;
}

void TimeSpans::append(std::uint64_t begin_ns, std::uint64_t end_ns) {
    if (begin_ns >= end_ns) {
        return;
    }
    std::uint64_t before_ns = forgotten_before_ns_;
    if (!spans_.empty()) {
        const Span& last = spans_.back();
        before_ns = last.before_ns + (last.end_ns - last.begin_ns);
    }
    spans_.push_back({begin_ns, end_ns, before_ns});
}

void TimeSpans::unite(std::uint64_t begin_ns, std::uint64_t end_ns) {
    begin_ns = std::max(begin_ns, known_from_ns_);
    if (begin_ns >= end_ns) {
        return;
    }
    if (spans_.empty() || begin_ns > spans_.back().end_ns) {
        append(begin_ns, end_ns);
    } else if (begin_ns >= spans_.back().begin_ns) {
        spans_.back().end_ns = std::max(spans_.back().end_ns, end_ns);
    } else {
        unite_behind(begin_ns, end_ns);
    }
}

// What lies between the first span that it touches and the last becomes one. Where spans come in
// order of their ends, those are the last ones there are, and each is removed once.
void TimeSpans::unite_behind(std::uint64_t begin_ns, std::uint64_t end_ns) {
    std::size_t first = begun_before(begin_ns);
    if (first > 0 && spans_[first - 1].end_ns >= begin_ns) {
        --first;
    }
    std::size_t behind = spans_.size();
    while (behind > first && spans_[behind - 1].begin_ns > end_ns) {
        --behind;
    }
    const auto place = [this](std::size_t at) {
        return spans_.begin() + static_cast<std::ptrdiff_t>(at);
    };
    if (first == behind) {
        spans_.insert(place(first), {begin_ns, end_ns, 0});
    } else {
        spans_[first].begin_ns = std::min(spans_[first].begin_ns, begin_ns);
        spans_[first].end_ns = std::max(spans_[behind - 1].end_ns, end_ns);
        spans_.erase(place(first + 1), place(behind));
    }
    sum_from(first);
}

void TimeSpans::sum_from(std::size_t place) {
    std::uint64_t before_ns = forgotten_before_ns_;
    if (place > 0) {
        const Span& last = spans_[place - 1];
        before_ns = last.before_ns + (last.end_ns - last.begin_ns);
    }
    for (; place < spans_.size(); ++place) {
        spans_[place].before_ns = before_ns;
        before_ns += spans_[place].end_ns - spans_[place].begin_ns;
    }
}

void TimeSpans::open(std::uint64_t ns) {
    if (!spans_.empty() && spans_.back().end_ns == ns) {
        spans_.back().end_ns = open_end_ns;
    } else {
        append(ns, open_end_ns);
    }
}

void TimeSpans::close(std::uint64_t ns) {
    spans_.back().end_ns = ns;
    if (spans_.back().begin_ns >= ns) {
        spans_.pop_back();
    }
}

// How many spans begin before `ns`. A few steps back from the newest do as a rule; then steps that
// double, and halves. What a processor cannot foresee costs more than a step: hence the plain ones.
std::size_t TimeSpans::begun_before(std::uint64_t ns) const {
    constexpr std::size_t few = 12;
    const Span* const spans = spans_.data();
    std::size_t high = spans_.size();
    for (std::size_t step = 0; step < few; ++step, --high) {
        if (high == 0 || spans[high - 1].begin_ns < ns) {
            return high;
        }
    }
    std::size_t step = few;
    while (high >= step && spans[high - step].begin_ns >= ns) {
        high -= step;
        step *= 2;
    }
    return begun_before(ns, high >= step ? high - step : 0, high);
}

// The number is known to be from `low` to `high`.
std::size_t TimeSpans::begun_before(std::uint64_t ns, std::size_t low, std::size_t high) const {
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (spans_[middle].begin_ns < ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

std::uint64_t TimeSpans::sum_before(std::size_t begun, std::uint64_t ns) const {
    if (begun == 0) {
        return forgotten_before_ns_;
    }
    const Span& span = spans_[begun - 1];
    return span.before_ns + (std::min(ns, span.end_ns) - span.begin_ns);
}

std::uint64_t TimeSpans::Walk::covered_before_ns(std::uint64_t ns) {
    const auto& spans = spans_->spans_;
    std::size_t step = 1;
    while (begun_ + step <= spans.size() && spans[begun_ + step - 1].begin_ns < ns) {
        begun_ += step;
        step *= 2;
    }
    begun_ = spans_->begun_before(ns, begun_, std::min(begun_ + step - 1, spans.size()));
    return spans_->sum_before(begun_, ns);
}

const TimeSpans::Span* TimeSpans::last_before(std::uint64_t ns) const {
    const std::size_t begun = begun_before(ns);
    return begun == 0 ? nullptr : &spans_[begun - 1];
}

std::span<const TimeSpans::Span> TimeSpans::after(std::uint64_t ns) const {
    const std::size_t begun = begun_before(ns);
    const bool lasts = begun > 0 && spans_[begun - 1].end_ns > ns;
    return std::span(spans_).subspan(lasts ? begun - 1 : begun);
}

// From moment to moment: the span that reaches furthest of those that cover it, or else the first
// that begins later. Costs a look at each set for each step, and takes few where much is covered.
std::optional<std::uint64_t> united_ns(std::span<const TimeSpans* const> sets,
                                       std::uint64_t from_ns, std::uint64_t to_ns,
                                       std::size_t most_looks) {
    std::uint64_t covered_ns = 0;
    std::size_t looks = 0;
    while (from_ns < to_ns) {
        looks += sets.size();
        if (looks > most_looks) {
            return std::nullopt;
        }
        std::uint64_t reach_ns = from_ns;
        std::uint64_t next_ns = to_ns;
        for (const TimeSpans* set : sets) {
            const auto spans = set->after(from_ns);
            if (!spans.empty() && spans.front().begin_ns <= from_ns) {
                reach_ns = std::max(reach_ns, std::min(spans.front().end_ns, to_ns));
            } else if (!spans.empty()) {
                next_ns = std::min(next_ns, spans.front().begin_ns);
            }
        }
        covered_ns += reach_ns - from_ns;
        from_ns = reach_ns > from_ns ? reach_ns : next_ns;
    }
    return covered_ns;
}

}  // namespace rqs
