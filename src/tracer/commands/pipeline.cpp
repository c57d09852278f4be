// SPDX-License-Identifier: BSD-2-Clause
#include "commands/pipeline.h"

#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <limits>
#include <utility>

#include "sources/order.h"
#include "util/clock.h"

namespace rqs {
namespace {

constexpr std::uint64_t offset_every_ns = 1'000'000'000;

std::int64_t clock_ns(clockid_t clock) {
    return static_cast<std::int64_t>(util::clock_ns(clock));
}

/// Between two readings of one clock the other is read; the closest pair of several tells best. A
/// single pair would be off by as long as this thread waited between its two readings.
std::int64_t realtime_offset_ns() {
    constexpr int tries = 5;
    std::int64_t closest_ns = std::numeric_limits<std::int64_t>::max();
    std::int64_t offset_ns = 0;
    for (int i = 0; i < tries; ++i) {
        const std::int64_t before = clock_ns(CLOCK_MONOTONIC);
        const std::int64_t real = clock_ns(CLOCK_REALTIME);
        const std::int64_t apart_ns = clock_ns(CLOCK_MONOTONIC) - before;
        if (apart_ns < closest_ns) {
            closest_ns = apart_ns;
            offset_ns = real - (before + apart_ns / 2);
        }
    }
    return offset_ns;
}

SummaryOptions summary_options(GroupBy by, bool sampled, CgroupNames& cgroups) {
    SummaryOptions options;
    options.by = by;
    options.sampled = sampled;
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
        total_.emplace(summary_options(options.by, samples, cgroups_));
    }
    if (options.summary && options.interval_s) {
        interval_.emplace(summary_options(options.by, samples, cgroups_));
    }
}

void Pipeline::begin() {
    began_ns_ = util::monotonic_ns();
    offset_read_ns_ = began_ns_;
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

// A cgroup may be gone by the time its sum is printed: its name is looked up while it is there.
void Pipeline::learn_names(const Wait& wait) {
    (void)cgroups_.name(wait.sched_cgroup_id);
    for (const Part& part : wait.why) {
        if (part.kind == PartKind::ran) {
            (void)cgroups_.name(part.cgroup_id);
        }
    }
}

bool Pipeline::on_wait(Wait& wait) {
    if (done_) {
        return false;
    }
    if (options_.by == GroupBy::cgroup) {
        learn_names(wait);
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
    const std::uint64_t now = util::monotonic_ns();
    std::string talk;
    sink_->report(out_.buffer(), talk, summary.report(now, now - since_ns, last));
    std::fwrite(talk.data(), 1, talk.size(), stderr);
}

// The clocks drift, and people set one of them: what was true at the start is not for ever.
void Pipeline::read_clocks() {
    const std::uint64_t now = util::monotonic_ns();
    if (now - offset_read_ns_ >= offset_every_ns) {
        sink_->set_realtime_offset(realtime_offset_ns());
        offset_read_ns_ = now;
    }
}

Status Pipeline::flush() {
    read_clocks();
    if (interval_ && !done_ &&
        static_cast<double>(util::monotonic_ns() - interval_began_ns_) >=
            *options_.interval_s * 1e9) {
        report(interval_began_ns_, false);
        interval_->clear();
        interval_began_ns_ = util::monotonic_ns();
    }
    auto flushed = out_.flush();
    done_ = done_ || !flushed || out_.closed();
    return failed_ ? flushed : failed_;
}

Status Pipeline::end(const Counters& counters) {
    const std::uint64_t duration = util::monotonic_ns() - began_ns_;
    if (interval_ && interval_->waits() > 0) {
        report(interval_began_ns_, false);  // what came since the last full one
    }
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
