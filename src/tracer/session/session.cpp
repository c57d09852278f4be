// SPDX-License-Identifier: BSD-2-Clause
#include "session/session.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace rqs {

Needs needs_of(const std::vector<Consumer*>& consumers) {
    Needs needs;
    for (const Consumer* consumer : consumers) {
        needs.add(consumer->needs());
    }
    return needs;
}

Session::Session(const Setup& setup, std::vector<Consumer*> consumers)
    : setup_(setup),
      consumers_(std::move(consumers)),
      needs_(needs_of(consumers_)),
      runs_kept_(rqs::runs_kept(setup.cpus)),
      explainer_({needs_.parts, needs_.named_tasks, needs_.stretches}, runs_kept_) {
    std::copy_if(consumers_.begin(), consumers_.end(), std::back_inserter(part_readers_),
                 [](const Consumer* consumer) { return consumer->needs().parts; });
    if (setup.filters != nullptr) {
        filter_ = WaitFilter(*setup.filters, names_);
        needs_.cgroup_names = needs_.cgroup_names || !setup.filters->cgroup_path.empty();
    }
}

void Session::begin() {
    RunInfo info;
    info.began_ns = setup_.began_ns;
    info.realtime_offset_ns = setup_.realtime_offset_ns;
    info.min_us = setup_.min_us;
    info.sampled = setup_.sampled;
    info.cpus = setup_.cpus;
    info.runs_kept = runs_kept_;
    info.names = &names_;
    for (Consumer* consumer : consumers_) {
        consumer->begin(info);
    }
}

void Session::hand_on_run(const Ran& ran) {
    if (!needs_.stretches) {
        return;
    }
    for (Consumer* consumer : consumers_) {
        consumer->ran(ran);
    }
}

bool Session::wants_parts(std::uint64_t wait_ns) const {
    return std::any_of(
        part_readers_.begin(), part_readers_.end(),
        [wait_ns](const Consumer* reader) { return wait_ns >= reader->parts_from_ns(); });
}

void Session::on_switch(const Switch& record) {
    if (needs_.explanation()) {
        hand_on_run(explainer_.add(record));
    }
    if (!record.came || done()) {
        return;
    }
    if (!filter_.wants(record, *record.came)) {
        ++unwanted_;
        return;
    }
    if (left_out_pids_.contains(record.came->task.pid)) {
        ++left_out_;
        return;
    }
    Explainer::describe(record, *record.came, wait_);
    wait_.early = wait_.ts_ns < setup_.began_ns + wait_.wait_ns;
    if (needs_.explanation()) {
        explainer_.explain(record, *record.came, wants_parts(wait_.wait_ns), wait_);
    }
    ++kept_;
    ++events_;
    for (Consumer* consumer : consumers_) {
        consumer->wait(wait_);
    }
}

void Session::on_stuck(const Stuck& stuck) {
    if (done() || left_out_pids_.contains(stuck.task.pid)) {
        return;
    }
    Stuck explained = stuck;
    explained.cause = cause_of_stuck(stuck);
    for (Consumer* consumer : consumers_) {
        consumer->stuck(explained);
    }
}

void Session::on_interval(const Interval& interval) {
    if (done()) {
        return;
    }
    if (left_out_pids_.contains(interval.task.pid)) {
        left_out_ += interval.waits;
        return;
    }
    kept_ += interval.waits;
    ++events_;
    for (Consumer* consumer : consumers_) {
        consumer->interval(interval);
    }
}

void Session::on_loss(const Loss& loss) {
    for (Consumer* consumer : consumers_) {
        consumer->loss(loss);
    }
}

void Session::on_clock(const ClockReading& reading) {
    for (Consumer* consumer : consumers_) {
        consumer->clock(reading);
    }
}

void Session::on_fork(const Fork& fork) {
    for (Consumer* consumer : consumers_) {
        consumer->fork(fork);
    }
}

void Session::on_exit(const Exit& exit) {
    for (Consumer* consumer : consumers_) {
        consumer->exit(exit);
    }
}

void Session::on_affinity(const Affinity& affinity) {
    for (Consumer* consumer : consumers_) {
        consumer->affinity(affinity);
    }
}

void Session::on_reached(std::uint64_t now_ns) {
    for (Consumer* consumer : consumers_) {
        consumer->reached(now_ns);
    }
}

bool Session::done() const {
    return (setup_.count && events_ >= *setup_.count) ||
           std::any_of(consumers_.begin(), consumers_.end(),
                       [](const Consumer* consumer) { return consumer->done(); });
}

Status Session::flush() {
    Status status;
    for (Consumer* consumer : consumers_) {
        if (auto flushed = consumer->flush(); !flushed && status) {
            status = std::move(flushed);
        }
    }
    return status;
}

void Session::end(std::uint64_t now_ns, const Counters& counters) {
    RunEnd end{now_ns, counters};
    end.counters.kept = kept_;
    end.counters.seen -= std::min(end.counters.seen, unwanted_);
    end.counters.left_out = left_out_;
    for (Consumer* consumer : consumers_) {
        consumer->end(end);
    }
}

}  // namespace rqs
