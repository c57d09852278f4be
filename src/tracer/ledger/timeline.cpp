// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/timeline.h"

#include <algorithm>

namespace rqs {
namespace {

// A wait spans few of a group's throttlings; older ones have been forgotten by the history anyway.
constexpr std::size_t throttlings_kept = 256;

// How much a counter that counts modulo Switch::counter_span_ns has grown. A small step back, as
// the kernel's steal clock takes them, is no growth.
std::uint64_t grown(std::uint64_t before, std::uint64_t now) {
    const std::uint64_t growth = (now - before) & (Switch::counter_span_ns - 1);
    return growth < Switch::counter_span_ns / 2 ? growth : 0;
}

// value * share / whole, rounded down.
std::uint64_t scaled(std::uint64_t value, std::uint64_t share, std::uint64_t whole) {
    if (value == 0 || share >= whole) {
        return value;
    }
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>(Wide{value} * share / whole);
}

void add_ran(TimeSums& sums, const Run& run, std::uint64_t ran_ns) {
    const Rank rank = rank_of(run.prio);
    (run.task.tid == 0       ? sums.idle_ns
     : rank == rank_deadline ? sums.deadline_ns
     : rank == rank_fair     ? sums.fair_ns
                             : sums.realtime_ns) += ran_ns;
}

// What had been spent on what when `x` ns of the run had passed. Interrupts are shared out evenly
// over the run, and steal over what they leave. Each of the three grows by at most one ns a ns and
// never shrinks, so that adjoining pieces of a run sum to the whole, without a ns to spare.
TimeSums spent(const Run& run, std::uint64_t x, std::uint64_t& ran_ns) {
    const std::uint64_t whole = run.end_ns - run.start_ns;
    TimeSums sums;
    sums.irq_ns = scaled(run.irq_ns, x, whole);
    const std::uint64_t rest = x - sums.irq_ns;
    sums.steal_ns = scaled(run.steal_ns, rest, whole - run.irq_ns);
    ran_ns = rest - sums.steal_ns;
    add_ran(sums, run, ran_ns);
    return sums;
}

std::uint64_t process_key(std::uint32_t pid, Rank rank) {
    return Timeline::thread_key(pid, rank);
}

}  // namespace

TimeSums& TimeSums::operator+=(const TimeSums& other) {
    idle_ns += other.idle_ns;
    irq_ns += other.irq_ns;
    steal_ns += other.steal_ns;
    deadline_ns += other.deadline_ns;
    realtime_ns += other.realtime_ns;
    fair_ns += other.fair_ns;
    return *this;
}

TimeSums& TimeSums::operator-=(const TimeSums& other) {
    idle_ns -= other.idle_ns;
    irq_ns -= other.irq_ns;
    steal_ns -= other.steal_ns;
    deadline_ns -= other.deadline_ns;
    realtime_ns -= other.realtime_ns;
    fair_ns -= other.fair_ns;
    return *this;
}

Timeline::Timeline(std::size_t capacity, bool with_threads)
    : runs_(capacity), ranks_(capacity), processes_(capacity) {
    if (with_threads) {
        threads_.emplace(capacity, KeyedSums::Order::newest_first);
    }
}

Run Timeline::run_of(const Switch& record) const {
    Run run;
    run.end_ns = record.clock_ns;
    run.start_ns = run.end_ns;
    if (record.follows && edge_ && edge_->end_ns <= run.end_ns) {
        run.start_ns = edge_->end_ns;
        const std::uint64_t whole = run.end_ns - run.start_ns;
        run.irq_ns = std::min(grown(edge_->irq_ns, record.irq_ns), whole);
        run.steal_ns = std::min(grown(edge_->steal_ns, record.steal_ns), whole - run.irq_ns);
    } else if (record.since_ns) {
        // Nobody else had the CPU before that run ended, whatever a damaged record says: time that
        // was counted twice would make a wait's sums exceed the wait.
        const bool comparable = edge_ && edge_->end_ns <= run.end_ns;
        run.start_ns = std::clamp(*record.since_ns, comparable ? edge_->end_ns : 0, run.end_ns);
    }
    run.cgroup_id = record.cgroup_id;
    run.task = record.task;
    run.ppid = record.ppid;
    run.prio = record.prio;
    run.policy = record.policy;
    run.kernel_thread = record.kernel_thread;
    run.before = sums_;
    return run;
}

void Timeline::note_rank(Rank rank) {
    const auto place = std::lower_bound(special_ranks_.begin(), special_ranks_.end(), rank);
    if (place == special_ranks_.end() || *place != rank) {
        special_ranks_.insert(place, rank);
    }
}

std::uint64_t Timeline::add(const Switch& record) {
    if (edge_ && record.clock_ns < edge_->end_ns) {
        restart_ = count_;  // no search may meet a time that goes back
    }
    const Run run = run_of(record);
    const std::uint64_t position = count_++;
    runs_[position & (runs_.size() - 1)] = run;
    std::uint64_t ran_ns = 0;
    sums_ += spent(run, run.end_ns - run.start_ns, ran_ns);
    edge_ = Edge{record.clock_ns, record.irq_ns, record.steal_ns};
    if (run.task.tid == 0) {
        return position;
    }
    const Rank rank = rank_of(run.prio);
    if (rank != rank_fair) {
        note_rank(rank);
        ranks_.add(position, rank, ran_ns);
    }
    return position;
}

// Each run is added once, whoever asks how often; what has been forgotten meanwhile never is.
template <typename Key>
void Timeline::catch_up(KeyedSums& sums, std::uint64_t& indexed, Key key) const {
    const std::uint64_t kept = count_ - std::min<std::uint64_t>(count_, runs_.size());
    for (std::uint64_t position = std::max(indexed, kept); position < count_; ++position) {
        const Run& each = run(position);
        if (each.task.tid != 0) {
            sums.add(position, key(each), each.ran_ns());
        }
    }
    indexed = count_;
}

const KeyedSums& Timeline::processes() const {
    catch_up(processes_, processes_indexed_,
             [](const Run& run) { return process_key(run.task.pid, rank_of(run.prio)); });
    return processes_;
}

const KeyedSums& Timeline::threads() const {
    catch_up(*threads_, threads_indexed_,
             [](const Run& run) { return thread_key(run.task.tid, rank_of(run.prio)); });
    return *threads_;
}

void Timeline::add_throttling(const ThrottleLook& look) {
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

std::uint64_t Timeline::oldest_position() const {
    const std::uint64_t kept = count_ > runs_.size() ? count_ - runs_.size() : 0;
    return std::max(kept, restart_);
}

std::uint64_t Timeline::oldest_ns() const {
    return empty() ? UINT64_MAX : run(oldest_position()).start_ns;
}

// The first run from `first` on, and before `end`, that ends after `ns`.
std::uint64_t Timeline::search(std::uint64_t ns, std::uint64_t first, std::uint64_t end) const {
    while (first < end) {
        const std::uint64_t middle = first + (end - first) / 2;
        if (run(middle).end_ns <= ns) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first;
}

std::uint64_t Timeline::position_at(std::uint64_t ns, std::uint64_t hint) const {
    std::uint64_t step = 1;
    while (hint + step < count_ && run(hint + step - 1).end_ns <= ns) {
        hint += step;
        step *= 2;
    }
    return search(ns, hint, std::min(hint + step, count_));
}

// Most waits are short: what is looked for is among the newest, or it is looked for in growing
// steps from there.
std::uint64_t Timeline::first_that_ends_after(std::uint64_t ns) const {
    const std::uint64_t oldest = oldest_position();
    std::uint64_t end = count_;
    for (std::uint64_t step = 1; end > oldest; step *= 2) {
        const std::uint64_t probe = end - std::min(step, end - oldest);
        if (run(probe).end_ns <= ns) {
            return search(ns, probe + 1, end);
        }
        end = probe;
    }
    return end;
}

Timeline::Point Timeline::at(std::uint64_t ns) const {
    const std::uint64_t first = first_that_ends_after(ns);
    Point point{first, 0, sums_};
    if (first < count_) {
        const Run& found = run(first);
        point.before = found.before;
        if (ns > found.start_ns) {
            point.before += spent(found, ns - found.start_ns, point.done_ns);
        }
    }
    return point;
}

std::uint64_t Timeline::process_ns(std::uint32_t pid, Rank rank, const Point& from) const {
    const std::uint64_t sum = processes().since(process_key(pid, rank), from.position);
    if (sum == 0 || from.done_ns == 0) {
        return sum;
    }
    const Run& cut = run(from.position);
    const bool its = cut.task.tid != 0 && cut.task.pid == pid && rank_of(cut.prio) == rank;
    return sum - (its ? from.done_ns : 0);
}

std::uint64_t Timeline::process_ns(std::uint32_t pid, Rank rank, const Point& from,
                                   const Point& to) const {
    constexpr std::uint64_t few = 8;  // are looked at sooner than their process is looked up
    if (to.position - from.position > few) {
        return process_ns(pid, rank, from) - process_ns(pid, rank, to);
    }
    const auto is_its = [&](const Run& each) {
        return each.task.pid == pid && each.task.tid != 0 && rank_of(each.prio) == rank;
    };
    std::uint64_t ns = 0;
    for (std::uint64_t position = from.position; position < to.position; ++position) {
        const Run& each = run(position);
        ns += is_its(each) ? each.ran_ns() : 0;
    }
    ns -= from.done_ns != 0 && is_its(run(from.position)) ? from.done_ns : 0;
    return ns + (to.done_ns != 0 && is_its(run(to.position)) ? to.done_ns : 0);
}

std::uint64_t Timeline::thread_ns(std::uint32_t tid, Rank rank, const Point& from) const {
    const std::uint64_t sum = threads().since(thread_key(tid, rank), from.position);
    if (sum == 0 || from.done_ns == 0) {
        return sum;
    }
    const Run& cut = run(from.position);
    return sum - (cut.task.tid == tid && rank_of(cut.prio) == rank ? from.done_ns : 0);
}

std::uint64_t Timeline::rank_ns(Rank rank, const Point& from) const {
    const std::uint64_t sum = ranks_.since(rank, from.position);
    if (sum == 0 || from.done_ns == 0) {
        return sum;
    }
    const Run& cut = run(from.position);
    return sum - (cut.task.tid != 0 && rank_of(cut.prio) == rank ? from.done_ns : 0);
}

}  // namespace rqs
