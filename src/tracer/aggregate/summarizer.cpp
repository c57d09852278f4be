// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/summarizer.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace rqs {
namespace {

/// At least one: intervals of nothing would never end.
std::uint64_t to_ns(std::optional<double> interval_s) {
    return interval_s ? static_cast<std::uint64_t>(std::max(1LL, std::llround(*interval_s * 1e9)))
                      : 0;
}

std::uint64_t since(std::uint64_t from_ns, std::uint64_t to_ns) {
    return to_ns - std::min(from_ns, to_ns);
}

}  // namespace

Summarizer::Summarizer(GroupBy by, std::optional<double> interval_s, Print print)
    : by_(by), interval_ns_(to_ns(interval_s)), print_(std::move(print)) {}

Needs Summarizer::needs() const {
    Needs needs;
    needs.stretches = true;
    needs.process_names = by_ == GroupBy::process || by_ == GroupBy::parent;
    needs.cgroup_names = by_ == GroupBy::cgroup;
    return needs;
}

void Summarizer::begin(const RunInfo& info) {
    const SummaryOptions options = summary_options(by_, info);
    began_ns_ = info.began_ns;
    interval_began_ns_ = info.began_ns;
    total_.emplace(options);
    if (interval_ns_ > 0) {
        current_.emplace(options);
    }
}

void Summarizer::ran(const Ran& ran) {
    total_->ran(ran);
    if (current_) {
        current_->ran(ran);
    }
}

template <typename Event>
void Summarizer::add(const Event& event) {
    total_->add(event);
    if (current_) {
        current_->add(event);
    }
}

void Summarizer::wait(const Wait& wait) {
    cut(wait.ts_ns);
    add(wait);
}

// A sample belongs where most of it lies: one of [0, 1.001 s] into the first second.
void Summarizer::interval(const Interval& interval) {
    cut(since(interval.interval_ns / 2, interval.ts_ns));
    add(interval);
}

// What was lost on both sides of a boundary counts before it.
void Summarizer::loss(const Loss& loss) {
    cut(loss.from_ns);
    add(loss);
}

void Summarizer::cut(std::uint64_t ts_ns) {
    while (current_ && since(interval_began_ns_, ts_ns) >= interval_ns_) {
        interval_began_ns_ += interval_ns_;
        print_(current_->report(interval_began_ns_, interval_ns_, false));
        current_->clear();
    }
}

void Summarizer::end(const RunEnd& end) {
    cut(end.ended_ns);
    if (current_ && current_->waits() > 0) {
        print_(current_->report(end.ended_ns, since(interval_began_ns_, end.ended_ns), false));
    }
    SummaryReport report = total_->report(end.ended_ns, since(began_ns_, end.ended_ns));
    report.left_out = end.counters.left_out;
    print_(report);
}

}  // namespace rqs
