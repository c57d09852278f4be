// SPDX-License-Identifier: BSD-2-Clause
#include "ledger/ledger.h"

#include <algorithm>
#include <array>

namespace rqs {
namespace {

// At how many moments of a wait it is looked who ran, where too many ran to look at each.
constexpr std::size_t samples_least = 32;
// With 8 a name, of 16 names, a task with a sixteenth of the time, scattered over many short runs,
// is missed once in some thousand waits; with 4 it would be once in sixty.
constexpr std::size_t samples_a_name = 8;
// As Ledger::exact_tasks, where time is short.
constexpr std::size_t brief_exact_tasks = 16;

Relation relation_of(const Run& run, const Wait& wait) {
    if (run.task.pid == wait.task.pid) {
        return Relation::self;
    }
    // Kernel threads lie in the root cgroup, but nobody means them by "my siblings".
    return !run.kernel_thread && run.cgroup_id == wait.sched_cgroup_id ? Relation::sibling
                                                                       : Relation::foreign;
}

Part part_of(const Run& run, std::uint64_t ns, const Wait& wait) {
    Part part;
    part.kind = PartKind::ran;
    part.relation = relation_of(run, wait);
    part.policy = run.policy;
    part.kernel_thread = run.kernel_thread;
    part.prio = run.prio;
    part.task = run.task;
    part.cgroup_id = run.cgroup_id;
    part.ns = ns;
    return part;
}

// The priority by which a rank is compared; of the fair class all are alike.
std::int16_t prio_of(Rank rank) {
    constexpr std::int16_t any_fair = 120;
    return rank == rank_fair ? any_fair : static_cast<std::int16_t>(rank - 1);
}

std::uint64_t length(std::uint64_t start_ns, std::uint64_t end_ns) {
    return start_ns < end_ns ? end_ns - start_ns : 0;
}

}  // namespace

void Ledger::explain(const Timeline& timeline, const Window& window, Wait& wait) {
    wait.why.clear();
    wait.brief = false;
    wait.stretches.clear();
    collect(timeline, window, true, throttled_);
    collect(timeline, window, false, maybe_throttled_);
    cut(timeline, window);
    sum_up(timeline, window, wait);
    wait.cause = cause_of(wait);
    if (detail_.parts && window.parts) {
        list_parts(timeline, wait);
    }
    if (detail_.stretches) {
        list_stretches(timeline, wait);
    }
}

// This group's throttlings, clipped to the window, made disjoint.
void Ledger::collect(const Timeline& timeline, const Window& window, bool certain_only,
                     Spans& spans) {
    spans.clear();
    if (window.group == 0) {
        return;
    }
    for (const auto& throttling : timeline.throttlings()) {
        const Span span{std::max(throttling.start_ns, window.start_ns),
                        std::min(throttling.end_ns, window.end_ns)};
        if (throttling.group == window.group && span.start_ns < span.end_ns &&
            (throttling.certain || !certain_only)) {
            spans.push_back(span);
        }
    }
    if (spans.size() < 2) {
        return;
    }
    std::sort(spans.begin(), spans.end(),
              [](const Span& a, const Span& b) { return a.start_ns < b.start_ns; });
    std::size_t last = 0;
    for (const Span& span : spans) {
        if (span.start_ns <= spans[last].end_ns) {
            spans[last].end_ns = std::max(spans[last].end_ns, span.end_ns);
        } else {
            spans[++last] = span;
        }
    }
    spans.resize(last + 1);
}

// The window without what may have been throttled, as far back as the timeline remembers.
void Ledger::cut(const Timeline& timeline, const Window& window) {
    pieces_.clear();
    std::uint64_t start_ns = std::max(window.start_ns, timeline.oldest_ns());
    const auto add = [&](std::uint64_t end_ns) {
        if (start_ns < end_ns) {
            pieces_.push_back({{start_ns, end_ns}, timeline.at(start_ns), timeline.at(end_ns)});
        }
    };
    for (const Span& span : maybe_throttled_) {
        add(span.start_ns);
        start_ns = std::max(start_ns, span.end_ns);
    }
    add(window.end_ns);
}

void Ledger::sum_up(const Timeline& timeline, const Window& window, Wait& wait) const {
    TimeSums all;
    for (const Piece& piece : pieces_) {
        all += piece.to.before;
        all -= piece.from.before;
    }
    WaitSums& sums = wait.sums;
    sums = {};
    for (const Span& span : throttled_) {
        sums.throttled_ns += length(span.start_ns, span.end_ns);
    }
    sums.elsewhere_ns = std::min(window.elsewhere_ns, wait.wait_ns);
    sums.idle_ns = all.idle_ns;
    sums.irq_ns = all.irq_ns;
    sums.steal_ns = all.steal_ns;
    add_ran(timeline, all, wait);
    const std::uint64_t begun_ns = running_at_start_ns(timeline, window, wait);
    sums.rt_throttled_ns = sums.lower_ns - begun_ns;
    sums.lower_ns = begun_ns;
    sums.unknown_ns = wait.wait_ns - sums.throttled_ns - sums.elsewhere_ns - all.total_ns();
}

// Time of tasks by what they were to the waiter. First all of a rank, then less what was its own
// process's.
void Ledger::add_ran(const Timeline& timeline, const TimeSums& all, Wait& wait) const {
    WaitSums& sums = wait.sums;
    const auto add = [&](std::int16_t prio, std::uint64_t ns, std::uint64_t own_ns) {
        const std::uint64_t others_ns = ns - own_ns;
        sums.self_ns += own_ns;
        (outranks(prio, wait.prio)         ? sums.realtime_ns
         : is_lower_class(prio, wait.prio) ? sums.lower_ns
                                           : sums.contention_ns) += others_ns;
    };
    add(prio_of(rank_fair), all.fair_ns, all.fair_ns == 0 ? 0 : self_ns(timeline, wait, rank_fair));
    if (all.realtime_ns + all.deadline_ns == 0) {
        return;
    }
    for (const Rank rank : timeline.special_ranks()) {
        std::uint64_t ns = 0;
        for (const Piece& piece : pieces_) {
            ns += timeline.rank_ns(rank, piece.from) - timeline.rank_ns(rank, piece.to);
        }
        if (ns > 0) {
            add(prio_of(rank), ns, self_ns(timeline, wait, rank));
        }
    }
}

std::uint64_t Ledger::self_ns(const Timeline& timeline, const Wait& wait, Rank rank) const {
    std::uint64_t ns = 0;
    for (const Piece& piece : pieces_) {
        ns += timeline.process_ns(wait.task.pid, rank, piece.from, piece.to);
    }
    return ns;
}

// A task of a lower class that was running when the wait began merely had not given way yet. One
// that the scheduler picked later was preferred, which it does only where real-time tasks have used
// up their share. So was one that starts with the wait: it took the CPU from the waiter.
std::uint64_t Ledger::running_at_start_ns(const Timeline& timeline, const Window& window,
                                          const Wait& wait) const {
    if (wait.sums.lower_ns == 0 || pieces_.front().span.start_ns != window.start_ns) {
        return 0;
    }
    const Piece& piece = pieces_.front();
    const Run& run = timeline.run(piece.from.position);
    if (run.task.tid == 0 || run.task.pid == wait.task.pid ||
        !is_lower_class(run.prio, wait.prio) || run.start_ns >= window.start_ns) {
        return 0;
    }
    const bool ends_there = piece.to.position == piece.from.position;
    return (ends_there ? piece.to.done_ns : run.ran_ns()) - piece.from.done_ns;
}

std::uint64_t Ledger::thread_ns(const Timeline& timeline, std::uint64_t key) const {
    const std::uint32_t tid = Timeline::tid_in(key);
    const Rank rank = Timeline::rank_in(key);
    std::uint64_t ns = 0;
    for (const Piece& piece : pieces_) {
        ns += timeline.thread_ns(tid, rank, piece.from);
        if (!timeline.is_end(piece.to)) {
            ns -= timeline.thread_ns(tid, rank, piece.to);
        }
    }
    return ns;
}

void Ledger::find_tasks(const Timeline& timeline, std::int16_t waiter_prio) {
    keys_.clear();
    tasks_ = 0;
    if (pieces_.empty()) {
        return;
    }
    const std::uint64_t from = pieces_.front().from.position;
    tasks_ = timeline.threads().count_since(from);
    if (tasks_ <= (brief_ ? brief_exact_tasks : exact_tasks) || most_named() == UINT32_MAX) {
        timeline.threads().keys_since(from, SIZE_MAX, keys_);
        return;
    }
    if (most_named() == 0) {
        return;
    }
    const Rank rank = rank_of(waiter_prio);
    if (sampled_.holds_for(pieces_, rank, most_named())) {
        keys_ = sampled_.keys;
        return;
    }
    sample_tasks(timeline);
    add_other_ranks(timeline, waiter_prio);
    sampled_.keys = keys_;
    sampled_.span = pieces_.size() == 1 ? pieces_.front().span : Span{};
    sampled_.waiter_rank = rank;
    sampled_.named = most_named();
}

// On a crowded CPU the waits that end one after the other span nearly the same time.
bool Ledger::Sampled::holds_for(const std::vector<Piece>& pieces, Rank rank,
                                std::uint32_t most_named) const {
    constexpr std::uint64_t tolerated_part = 16;
    if (pieces.size() != 1 || rank != waiter_rank || most_named != named) {
        return false;
    }
    const auto difference = [](std::uint64_t a, std::uint64_t b) { return a < b ? b - a : a - b; };
    const Span& wanted = pieces.front().span;
    return difference(wanted.start_ns, span.start_ns) + difference(wanted.end_ns, span.end_ns) <=
           length(span.start_ns, span.end_ns) / tolerated_part;
}

void Ledger::sample_tasks(const Timeline& timeline) {
    const std::size_t samples =
        std::max<std::size_t>(samples_least, std::size_t{most_named()} * samples_a_name) /
            pieces_.size() +
        1;
    met_.clear((samples + 1) * pieces_.size());
    for (const Piece& piece : pieces_) {
        const std::uint64_t step =
            std::max<std::uint64_t>(1, length(piece.span.start_ns, piece.span.end_ns) / samples);
        std::uint64_t position = piece.from.position;
        for (std::uint64_t ns = piece.span.start_ns; ns < piece.span.end_ns; ns += step) {
            position = timeline.position_at(ns, position);
            const Run& run = timeline.run(position);
            if (run.task.tid != 0) {
                met_.add(Timeline::thread_key(run.task.tid, rank_of(run.prio)));
            }
        }
    }
    keep_most_met();
}

// Looking a task up costs more than meeting it: only those that were met most often are looked up,
// twice as many as are named, since what decides is what they ran and not how often they were met.
void Ledger::keep_most_met() {
    const std::size_t most = std::size_t{most_named()} * 2;
    most_met_.assign(met_.met().begin(), met_.met().end());
    if (most_met_.size() > most) {
        const auto end = most_met_.begin() + static_cast<std::ptrdiff_t>(most);
        std::nth_element(most_met_.begin(), end, most_met_.end(),
                         [](const Tally::Met& a, const Tally::Met& b) {
                             return a.times != b.times ? a.times > b.times : a.key < b.key;
                         });
        most_met_.erase(end, most_met_.end());
    }
    keys_.clear();
    for (const Tally::Met& met : most_met_) {
        keys_.push_back(met.key);
    }
}

// A thread that changed its rank is one part still, unless it outranked the waiter at one time and
// not at another (merge_ranks): all of its ranks are needed, though it was met with one of them.
void Ledger::add_other_ranks(const Timeline& timeline, std::int16_t waiter_prio) {
    const std::uint64_t from = pieces_.front().from.position;
    const std::size_t sampled = keys_.size();
    const auto add = [&](std::uint32_t tid, Rank rank) {
        const std::uint64_t key = Timeline::thread_key(tid, rank);
        const std::uint64_t newest = timeline.threads().newest(key);
        if (newest != KeyedSums::none && newest >= from) {
            keys_.push_back(key);
        }
    };
    for (std::size_t i = 0; i < sampled; ++i) {
        const std::uint32_t tid = Timeline::tid_in(keys_[i]);
        const Rank rank = Timeline::rank_in(keys_[i]);
        if (rank == rank_fair && rank_of(waiter_prio) == rank_fair) {
            continue;  // any other rank outranks the waiter
        }
        for (const Rank other : timeline.special_ranks()) {
            add(tid, other);
        }
        add(tid, rank_fair);
    }
    sort_keys();
}

void Ledger::sort_keys() {
    std::sort(keys_.begin(), keys_.end());
    keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
}

// A thread that changed its class during the wait has a part for each: it is blamed for what it
// was. One that changed its priority within a class is one. Only real-time tasks have such ranks,
// and few of them run, so that few candidates are compared with all.
void Ledger::merge_ranks(std::int16_t waiter_prio) {
    const auto goes_before = [&](const Candidate& candidate) {
        return outranks(prio_of(Timeline::rank_in(candidate.key)), waiter_prio);
    };
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
        if (Timeline::rank_in(candidates_[i].key) == rank_fair) {
            continue;
        }
        for (std::size_t other = 0; other < candidates_.size(); ++other) {
            if (other != i &&
                Timeline::tid_in(candidates_[other].key) == Timeline::tid_in(candidates_[i].key) &&
                goes_before(candidates_[other]) == goes_before(candidates_[i])) {
                candidates_[i].ns += candidates_[other].ns;
                candidates_.erase(candidates_.begin() + static_cast<std::ptrdiff_t>(other));
                i -= other < i ? 1 : 0;
                --other;
            }
        }
    }
}

void Ledger::name_tasks(const Timeline& timeline, Wait& wait) {
    find_tasks(timeline, wait.prio);
    candidates_.clear();
    for (const std::uint64_t key : keys_) {
        // Else it ran while the group was throttled.
        if (const std::uint64_t ns = thread_ns(timeline, key); ns > 0) {
            candidates_.push_back({ns, key});
        }
    }
    if (!timeline.special_ranks().empty()) {
        merge_ranks(wait.prio);
    }
    tasks_ -= std::min(tasks_, keys_.size() - candidates_.size());
    wait.brief = brief_ && tasks_ > most_named() && most_named() < detail_.named_tasks;
    const std::size_t named = std::min<std::size_t>(most_named(), candidates_.size());
    // A whole order, so that a replay lists them as the live run did.
    std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(named),
                      candidates_.end(), [](const Candidate& a, const Candidate& b) {
                          return a.ns != b.ns ? a.ns > b.ns : a.key < b.key;
                      });
    for (std::size_t i = 0; i < named; ++i) {
        const Run& run = timeline.run(timeline.threads().newest(candidates_[i].key));
        wait.why.push_back(part_of(run, candidates_[i].ns, wait));
    }
}

void Ledger::list_parts(const Timeline& timeline, Wait& wait) {
    name_tasks(timeline, wait);
    const WaitSums& sums = wait.sums;
    std::uint64_t rest_ns = sums.ran_ns();
    for (const Part& part : wait.why) {
        rest_ns -= part.ns;
    }
    const std::size_t named = wait.why.size();
    const auto add = [&wait](PartKind kind, std::uint64_t ns, std::size_t count) {
        if (ns == 0) {
            return;
        }
        Part part;
        part.kind = kind;
        part.ns = ns;
        part.count = static_cast<std::uint32_t>(count);
        const auto larger = [](std::uint64_t mine, const Part& other) { return mine > other.ns; };
        wait.why.insert(std::upper_bound(wait.why.begin(), wait.why.end(), ns, larger), part);
    };
    add(PartKind::others, rest_ns, std::max<std::size_t>(tasks_, named + 1) - named);
    add(PartKind::idle, sums.idle_ns, 1);
    add(PartKind::throttled, sums.throttled_ns, 1);
    add(PartKind::elsewhere, sums.elsewhere_ns, 1);
    add(PartKind::irq, sums.irq_ns, 1);
    add(PartKind::steal, sums.steal_ns, 1);
    add(PartKind::unknown, sums.unknown_ns, 1);
}

void Ledger::list_stretches(const Timeline& timeline, Wait& wait) const {
    for (const Piece& piece : pieces_) {
        Stretch stretch;
        stretch.first = piece.from.position;
        stretch.last = piece.to.position;
        std::uint64_t last_ns = piece.to.done_ns;
        if (last_ns == 0) {  // it ends where a run ends
            if (stretch.last == stretch.first) {
                continue;
            }
            --stretch.last;
            last_ns = timeline.run(stretch.last).ran_ns();
        }
        if (stretch.first == stretch.last) {
            stretch.first_ns = last_ns - piece.from.done_ns;
        } else {
            stretch.first_ns = timeline.run(stretch.first).ran_ns() - piece.from.done_ns;
            stretch.last_ns = last_ns;
        }
        wait.stretches.push_back(stretch);
    }
}

}  // namespace rqs
