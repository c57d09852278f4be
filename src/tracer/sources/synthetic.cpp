// SPDX-License-Identifier: BSD-2-Clause
#include "sources/synthetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include "util/clock.h"

namespace rqs {
namespace {

constexpr std::uint64_t us = 1000;

/// A small generator whose numbers are the same everywhere (Marsaglia's xorshift64).
class Numbers {
  public:
    /// From 0 to `limit` - 1.
    std::uint64_t below(std::uint64_t limit) {
        state_ ^= state_ << 13U;
        state_ ^= state_ >> 7U;
        state_ ^= state_ << 17U;
        return state_ % limit;
    }

  private:
    std::uint64_t state_ = 0x9e3779b97f4a7c15ULL;
};

TaskId make_task(Numbers& numbers) {
    static constexpr std::array<std::string_view, 8> names{
        "web", "ffmpeg", "kworker/0:1", "postgres", "java", "node", "cc1plus", "sshd"};
    const std::uint64_t which = numbers.below(names.size());
    TaskId task;
    task.pid = static_cast<std::uint32_t>(1000 + which * 100);
    task.tid = static_cast<std::uint32_t>(task.pid + numbers.below(20));
    task.comm = Comm::from(names.at(which));
    return task;
}

/// Gives a wait `count` parts that sum to it, largest first.
void add_parts(Wait& wait, std::uint64_t count, Numbers& numbers) {
    std::uint64_t rest = wait.wait_ns;
    for (std::uint64_t i = 0; i < count; ++i) {
        Part part;
        part.ns = i + 1 == count ? rest : rest / 2 + numbers.below(rest / 4);
        rest -= part.ns;
        if (i < 2) {
            part.kind = PartKind::ran;
            part.task = make_task(numbers);
            part.relation = part.task.pid == wait.task.pid ? Relation::self : Relation::foreign;
        } else {
            part.kind = i == 2 ? PartKind::throttled : PartKind::elsewhere;
        }
        wait.why.push_back(part);
    }
    std::sort(wait.why.begin(), wait.why.end(),
              [](const Part& a, const Part& b) { return a.ns > b.ns; });
    wait.cause = wait.why.front().kind == PartKind::throttled   ? Cause::throttled
                 : wait.why.front().kind == PartKind::elsewhere ? Cause::moved
                 : wait.why.front().relation == Relation::self  ? Cause::self
                                                                : Cause::contention;
}

Wait make_wait(Numbers& numbers) {
    constexpr std::uint64_t cpus = 8;
    constexpr std::uint64_t shortest_ns = 10 * us;
    constexpr std::uint64_t spread_ns = 50'000 * us;
    constexpr std::uint64_t most_parts = 4;
    Wait wait;
    wait.wait_ns = shortest_ns + numbers.below(spread_ns);
    wait.cpu = static_cast<std::uint32_t>(numbers.below(cpus));
    wait.task = make_task(numbers);
    wait.prev = make_task(numbers);
    wait.cgroup_id = 1 + numbers.below(cpus);
    wait.sched_cgroup_id = wait.cgroup_id;
    add_parts(wait, 1 + numbers.below(most_parts), numbers);
    return wait;
}

}  // namespace

SyntheticSource::SyntheticSource(const Options& options, std::size_t distinct)
    : min_ns_(options.min_us * us) {
    Numbers numbers;
    origin_.reserve(std::max<std::size_t>(distinct, 1));
    while (origin_.size() < std::max<std::size_t>(distinct, 1)) {
        origin_.push_back(make_wait(numbers));
    }
    waits_ = origin_;
}

Status SyntheticSource::start() {
    ts_ns_ = util::monotonic_ns();
    return {};
}

Status SyntheticSource::poll(std::chrono::milliseconds timeout, EventHandler& handler) {
    constexpr int between_clock_readings = 1024;
    const auto end = std::chrono::steady_clock::now() + timeout;
    do {
        for (int i = 0; i < between_clock_readings; ++i) {
            if (!next(handler)) {
                return {};
            }
        }
    } while (std::chrono::steady_clock::now() < end);
    return {};
}

Status SyntheticSource::finish(EventHandler& /*handler*/) {
    return {};
}

bool SyntheticSource::next(EventHandler& handler) {
    constexpr std::uint64_t apart_ns = 500;
    Wait& wait = waits_[at_];
    if (wait.why.size() != origin_[at_].why.size()) {
        wait = origin_[at_];  // the last handler kept its parts
    }
    at_ = at_ + 1 == waits_.size() ? 0 : at_ + 1;
    ts_ns_ += apart_ns;
    wait.ts_ns = ts_ns_;
    ++counters_.seen;
    if (min_ns_ != 0 && wait.wait_ns <= min_ns_) {
        return true;
    }
    ++counters_.kept;
    return handler.on_wait(wait);
}

}  // namespace rqs
