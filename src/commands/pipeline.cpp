// SPDX-License-Identifier: BSD-2-Clause
#include "commands/pipeline.h"

#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <utility>

#include "sources/order.h"

namespace rqs {
namespace {

std::int64_t realtime_offset_ns() {
    timespec real{};
    timespec mono{};
    (void)::clock_gettime(CLOCK_REALTIME, &real);
    (void)::clock_gettime(CLOCK_MONOTONIC, &mono);
    constexpr std::int64_t second = 1'000'000'000;
    return (real.tv_sec - mono.tv_sec) * second + (real.tv_nsec - mono.tv_nsec);
}

SummaryOptions summary_options(GroupBy by, CgroupNames& cgroups) {
    SummaryOptions options;
    options.by = by;
    options.cgroup_path = [&cgroups](std::uint64_t id) { return cgroups.name(id); };
    return options;
}

}  // namespace

Pipeline::Pipeline(const Options& options, bool samples)
    : options_(options),
      info_{options, realtime_offset_ns(), samples},
      sink_(make_sink(options.format, info_)),
      out_(STDOUT_FILENO) {
    if (options.summary) {
        total_.emplace(summary_options(options.by, cgroups_));
    }
    if (options.interval_s) {
        interval_.emplace(summary_options(options.by, cgroups_));
    }
}

void Pipeline::begin() {
    began_ns_ = monotonic_ns();
    interval_began_ns_ = began_ns_;
    sink_->begin(out_.buffer());
}

// False once no more are wanted. Large batches go out on the way.
bool Pipeline::count_one() {
    ++printed_;
    if (options_.count && printed_ >= *options_.count) {
        done_ = true;
    }
    if (auto flushed = out_.flush_if_large(); !flushed) {
        failed_ = std::move(flushed);
    }
    done_ = done_ || !failed_ || out_.closed();
    return !done_;
}

bool Pipeline::on_wait(Wait& wait) {
    if (done_) {
        return false;
    }
    if (total_) {
        total_->add(wait);
    }
    if (interval_) {
        interval_->add(wait);
    }
    sink_->wait(out_.buffer(), wait);
    return count_one();
}

bool Pipeline::on_stuck(const Stuck& stuck) {
    if (!done_) {
        sink_->stuck(out_.buffer(), stuck);
    }
    return !done_;
}

bool Pipeline::on_interval(const Interval& interval) {
    if (done_) {
        return false;
    }
    if (total_) {
        total_->add(interval);
    }
    if (interval_) {
        interval_->add(interval);
    }
    sink_->interval(out_.buffer(), interval);
    return count_one();
}

void Pipeline::report(std::uint64_t since_ns, bool last) {
    Summary& summary = last ? *total_ : *interval_;
    const std::uint64_t now = monotonic_ns();
    std::string talk;
    sink_->report(out_.buffer(), talk, summary.report(now, now - since_ns, last));
    std::fwrite(talk.data(), 1, talk.size(), stderr);
}

Status Pipeline::flush() {
    if (interval_ && !done_ &&
        static_cast<double>(monotonic_ns() - interval_began_ns_) >= *options_.interval_s * 1e9) {
        report(interval_began_ns_, false);
        interval_->clear();
        interval_began_ns_ = monotonic_ns();
    }
    auto flushed = out_.flush();
    done_ = done_ || !flushed || out_.closed();
    return failed_ ? flushed : failed_;
}

Status Pipeline::end(const Counters& counters) {
    const std::uint64_t duration = monotonic_ns() - began_ns_;
    if (total_) {
        report(began_ns_, true);
    }
    std::string talk;
    sink_->end(out_.buffer(), talk, counters, duration);
    auto flushed = out_.flush();
    if (!talk.empty()) {
        std::fwrite(talk.data(), 1, talk.size(), stderr);
    }
    return failed_ ? flushed : failed_;
}

}  // namespace rqs
