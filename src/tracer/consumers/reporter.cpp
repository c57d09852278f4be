// SPDX-License-Identifier: BSD-2-Clause
#include "consumers/reporter.h"

#include <memory>
#include <utility>

namespace rqs {
namespace {

/// The names of the session end with it; a report outlives both.
void keep_names(const KnownNames* names, const Wait& wait, KnownNames& kept) {
    if (names == nullptr) {
        return;
    }
    if (const CgroupInfo* told = names->v2_cgroup(wait.cgroup_id)) {
        kept.learn(*told);
    }
    if (const CgroupInfo* told = names->cgroup(wait.sched_cgroup_id)) {
        kept.learn(*told);
    }
}

}  // namespace

Needs Reporter::needs() const {
    Needs needs;
    needs.stretches = true;
    needs.parts = true;
    needs.named_tasks = named_tasks;
    needs.process_names = by_ == GroupBy::process || by_ == GroupBy::parent;
    needs.cgroup_names = true;
    return needs;
}

void Reporter::begin(const RunInfo& info) {
    info_ = info;
    realtime_offset_ns_ = info.realtime_offset_ns;
    summary_.emplace(summary_options(by_, info));
    if (online_) {
        IdleOptions idle;
        idle.by = by_;
        idle.names = info.names;
        idle.cpus = info.cpus;
        idle.online = *online_;
        idle_.emplace(idle);
    }
}

void Reporter::wait(const Wait& wait) {
    summary_->add(wait);
    lengths_.add(wait.wait_ns);
    worst_.add(wait, realtime_offset_ns_);
    if (idle_) {
        idle_->wait(wait);
    }
}

void Reporter::loss(const Loss& loss) {
    summary_->add(loss);
    losses_.add(loss);
}

void Reporter::end(const RunEnd& end) {
    report_.from_ns = info_.began_ns;
    report_.to_ns = end.ended_ns;
    report_.realtime_offset_ns = info_.realtime_offset_ns;
    report_.min_us = info_.min_us;
    report_.switches = switches_;
    report_.summary = summary_->report(end.ended_ns, report_.duration_ns());
    report_.summary.left_out = end.counters.left_out;
    report_.names = summary_->heaviest_names();
    report_.lengths = lengths_;
    report_.losses = losses_.losses();
    report_.worst = worst_.waits();
    report_.worst_named_tasks = named_tasks;
    if (idle_) {
        idle_->finish();
        report_.idle = std::make_shared<const IdleReport>(idle_->report());
    }
    for (const WorstWait& each : report_.worst) {
        keep_names(info_.names, each.wait, report_.worst_names);
    }
}

RecordingReport Reporter::take_report() {
    return std::move(report_);
}

}  // namespace rqs
