// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/summary.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

namespace rqs {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 5> quantiles{
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}}};

std::array<SummaryReport::CauseRow, cause_count> empty_causes() {
    std::array<SummaryReport::CauseRow, cause_count> rows;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows.at(i).cause = static_cast<Cause>(i);
    }
    return rows;
}

/// The largest `wanted` entries of a map of sums, by ns; ties by key, so that output is stable.
template <typename Map, typename Skip>
std::vector<typename Map::const_pointer> largest(const Map& map, std::size_t wanted, Skip skip) {
    std::vector<typename Map::const_pointer> entries;
    entries.reserve(map.size());
    for (const auto& entry : map) {
        if (!skip(entry.first)) {
            entries.push_back(&entry);
        }
    }
    const auto middle =
        entries.begin() + static_cast<std::ptrdiff_t>(std::min(wanted, entries.size()));
    std::partial_sort(entries.begin(), middle, entries.end(), [](const auto* a, const auto* b) {
        if (a->second.ns != b->second.ns) {
            return a->second.ns > b->second.ns;
        }
        return std::pair(a->first.kind, a->first.id) < std::pair(b->first.kind, b->first.id);
    });
    entries.erase(middle, entries.end());
    return entries;
}

}  // namespace

std::string_view name(Group::Kind kind) {
    switch (kind) {
        case Group::Kind::process:
            return "process";
        case Group::Kind::cgroup:
            return "cgroup";
        case Group::Kind::idle:
            return "idle";
        case Group::Kind::throttled:
            return "throttled";
        case Group::Kind::elsewhere:
            return "elsewhere";
        case Group::Kind::irq:
            return "irq";
        case Group::Kind::steal:
            return "steal";
        case Group::Kind::unknown:
            return "unknown";
        case Group::Kind::others:
            break;
    }
    return "others";
}

std::size_t Summary::Hash::operator()(const Key& key) const {
    std::uint64_t h = key.id * 16 + static_cast<std::uint64_t>(key.kind);
    h *= 0x9e3779b97f4a7c15U;
    return static_cast<std::size_t>(h ^ (h >> 32));
}

std::size_t Summary::Hash::operator()(const CellKey& key) const {
    const std::size_t victim = (*this)(key.victim);
    return (victim << 1 | victim >> 63) * 0x2545f4914f6cdd1dU ^ (*this)(key.culprit);
}

void Summary::Label::see(const TaskId& task) {
    const bool main_thread = task.tid == task.pid;
    if (main_thread || !of_main_thread) {
        comm = task.comm;
        of_main_thread = main_thread;
    }
}

Summary::Summary(SummaryOptions options) : options_(std::move(options)), causes_(empty_causes()) {
    // Folding halves a table and adds `others`: with less than four entries it makes no room.
    options_.max_victims = std::max<std::size_t>(options_.max_victims, 4);
    options_.max_culprits = std::max<std::size_t>(options_.max_culprits, 4);
    options_.max_cells = std::max<std::size_t>(options_.max_cells, 4);
}

void Summary::clear() {
    *this = Summary(std::move(options_));
}

Summary::Key Summary::key_of(const TaskId& task, std::uint64_t cgroup_id) const {
    return options_.by == GroupBy::process ? Key{Group::Kind::process, task.pid}
                                           : Key{Group::Kind::cgroup, cgroup_id};
}

Summary::Key Summary::culprit_key(const Part& part) const {
    switch (part.kind) {
        case PartKind::ran:
            return key_of(part.task, part.cgroup_id);
        case PartKind::idle:
            return {Group::Kind::idle, 0};
        case PartKind::throttled:
            return {Group::Kind::throttled, 0};
        case PartKind::elsewhere:
            return {Group::Kind::elsewhere, 0};
        case PartKind::irq:
            return {Group::Kind::irq, 0};
        case PartKind::steal:
            return {Group::Kind::steal, 0};
        case PartKind::unknown:
            break;
    }
    return {Group::Kind::unknown, 0};
}

Summary::VictimSum& Summary::victim(const Key& key) {
    if (const auto found = victims_.find(key); found != victims_.end()) {
        return found->second;
    }
    if (victims_.size() >= options_.max_victims) {
        fold_victims();
    }
    return victims_[key];
}

void Summary::blame(const Key& victim, const Key& culprit, const TaskId* task, std::uint64_t ns) {
    if (ns == 0) {
        return;
    }
    auto found = culprits_.find(culprit);
    if (found == culprits_.end()) {
        if (culprits_.size() >= options_.max_culprits) {
            fold_culprits();
        }
        found = culprits_.try_emplace(culprit).first;
    }
    found->second.ns += ns;
    if (task != nullptr) {
        found->second.label.see(*task);
    }
    const CellKey cell{victim, culprit};
    if (const auto known = cells_.find(cell); known != cells_.end()) {
        known->second += ns;
        return;
    }
    if (cells_.size() >= options_.max_cells) {
        fold_cells();
    }
    cells_[cell] += ns;
}

void Summary::add(const Wait& wait) {
    ++waits_;
    wait_ns_ += wait.wait_ns;
    histogram_.add(wait.wait_ns);
    auto& cause = causes_.at(static_cast<std::size_t>(wait.cause));
    ++cause.waits;
    cause.wait_ns += wait.wait_ns;

    const Key key = key_of(wait.task, wait.sched_cgroup_id);
    VictimSum& sum = victim(key);
    ++sum.waits;
    sum.ns += wait.wait_ns;
    sum.max_ns = std::max(sum.max_ns, wait.wait_ns);
    sum.label.see(wait.task);

    // Parts that did not sum to the wait would break every other sum: what they lack is unknown,
    // what they have too much is not counted.
    std::uint64_t rest = wait.wait_ns;
    for (const Part& part : wait.why) {
        const std::uint64_t ns = std::min(rest, part.ns);
        blame(key, culprit_key(part), part.kind == PartKind::ran ? &part.task : nullptr, ns);
        rest -= ns;
    }
    blame(key, {Group::Kind::unknown, 0}, nullptr, rest);
}

void Summary::add(const Interval& interval) {
    waits_ += interval.waits;
    wait_ns_ += interval.wait_ns;
    auto& cause = causes_.at(static_cast<std::size_t>(Cause::unknown));
    cause.waits += interval.waits;
    cause.wait_ns += interval.wait_ns;
    // The sampler knows no cgroups.
    const Key key{Group::Kind::process, interval.task.pid};
    VictimSum& sum = victim(key);
    sum.waits += interval.waits;
    sum.ns += interval.wait_ns;
    sum.label.see(interval.task);
    blame(key, {Group::Kind::unknown, 0}, nullptr, interval.wait_ns);
}

void Summary::fold_victims() {
    const Key others{};
    const auto kept =
        largest(victims_, options_.max_victims / 2, [&](const Key& key) { return key == others; });
    Victims next;
    next.reserve(options_.max_victims);
    for (const auto* entry : kept) {
        next.insert(*entry);
    }
    VictimSum& rest = next[others];
    for (const auto& [key, sum] : victims_) {
        if (key == others || !next.contains(key)) {
            rest.waits += sum.waits;
            rest.ns += sum.ns;
            rest.max_ns = std::max(rest.max_ns, sum.max_ns);
            victims_folded_ += key == others ? 0U : 1U;
        }
    }
    Cells cells;
    cells.reserve(cells_.size());
    for (const auto& [cell, ns] : cells_) {
        const bool known = next.contains(cell.victim);
        cells[{known ? cell.victim : others, cell.culprit}] += ns;
    }
    victims_ = std::move(next);
    cells_ = std::move(cells);
}

void Summary::fold_culprits() {
    const Key others{};
    const auto kept = largest(culprits_, options_.max_culprits / 2,
                              [&](const Key& key) { return key == others; });
    Culprits next;
    next.reserve(options_.max_culprits);
    for (const auto* entry : kept) {
        next.insert(*entry);
    }
    CulpritSum& rest = next[others];
    for (const auto& [key, sum] : culprits_) {
        if (key == others || !next.contains(key)) {
            rest.ns += sum.ns;
            culprits_folded_ += key == others ? 0U : 1U;
        }
    }
    std::erase_if(cells_, [&](const auto& cell) { return !next.contains(cell.first.culprit); });
    culprits_ = std::move(next);
}

void Summary::fold_cells() {
    std::vector<std::uint64_t> sizes;
    sizes.reserve(cells_.size());
    for (const auto& cell : cells_) {
        sizes.push_back(cell.second);
    }
    const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
    std::nth_element(sizes.begin(), middle, sizes.end());
    std::size_t surplus = sizes.size() / 2;
    const std::uint64_t limit = *middle;
    std::erase_if(cells_, [&](const auto& cell) {
        // Equal sizes may lie on both sides of the middle: half of all goes, not more.
        return cell.second <= limit && surplus > 0 && surplus-- > 0;
    });
}

Group Summary::group_of(const Key& key, const Label& label) const {
    Group group{key.kind, key.id, {}};
    if (key.kind == Group::Kind::process) {
        group.label = label.comm.view();
    } else if (key.kind == Group::Kind::cgroup && options_.cgroup_path) {
        group.label = options_.cgroup_path(key.id);
    }
    return group;
}

void Summary::list_victims(SummaryReport& report) const {
    const auto top = largest(victims_, options_.top, [](const Key& key) { return key == Key{}; });
    SummaryReport::Victim rest{{}, waits_, wait_ns_, 0};
    std::unordered_set<Key, Hash> listed;
    for (const auto* entry : top) {
        const auto& [key, sum] = *entry;
        report.victims.push_back({group_of(key, sum.label), sum.waits, sum.ns, sum.max_ns});
        rest.waits -= sum.waits;
        rest.wait_ns -= sum.ns;
        listed.insert(key);
    }
    for (const auto& [key, sum] : victims_) {
        rest.max_ns = listed.contains(key) ? rest.max_ns : std::max(rest.max_ns, sum.max_ns);
    }
    if (victims_.size() > listed.size()) {
        report.victims.push_back(std::move(rest));
    }
}

void Summary::list_culprits(SummaryReport& report) const {
    const auto top = largest(culprits_, options_.top, [](const Key& key) { return key == Key{}; });
    SummaryReport::Culprit rest{{}, wait_ns_};
    for (const auto* entry : top) {
        report.culprits.push_back({group_of(entry->first, entry->second.label), entry->second.ns});
        rest.ns -= entry->second.ns;
    }
    if (culprits_.size() > top.size()) {
        report.culprits.push_back(std::move(rest));
    }
}

void Summary::fill_table(SummaryReport& report) const {
    const auto is_others = [](const Key& key) { return key == Key{}; };
    const auto columns = largest(culprits_, options_.table_columns, is_others);
    const auto rows = largest(victims_, options_.table_rows, is_others);
    for (const auto* column : columns) {
        report.table_culprits.push_back(group_of(column->first, column->second.label));
    }
    SummaryReport::TableRow rest{{}, std::vector<std::uint64_t>(columns.size()), 0, wait_ns_};
    std::unordered_set<Key, Hash> listed;
    for (const auto* row : rows) {
        const auto& [key, sum] = *row;
        SummaryReport::TableRow line{group_of(key, sum.label), {}, sum.ns, sum.ns};
        for (const auto* column : columns) {
            const auto cell = cells_.find({key, column->first});
            line.ns.push_back(cell == cells_.end() ? 0 : cell->second);
            line.others_ns -= line.ns.back();
        }
        rest.wait_ns -= sum.ns;
        listed.insert(key);
        report.table.push_back(std::move(line));
    }
    if (victims_.size() == listed.size()) {
        return;
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
        for (const auto& [cell, ns] : cells_) {
            if (cell.culprit == columns[i]->first && !listed.contains(cell.victim)) {
                rest.ns[i] += ns;
            }
        }
    }
    rest.others_ns = rest.wait_ns;
    for (const std::uint64_t ns : rest.ns) {
        rest.others_ns -= ns;
    }
    report.table.push_back(std::move(rest));
}

SummaryReport Summary::report(std::uint64_t ts_ns, std::uint64_t duration_ns, bool last) const {
    SummaryReport report;
    report.ts_ns = ts_ns;
    report.duration_ns = duration_ns;
    report.last = last;
    report.sampled = options_.sampled;
    report.by = options_.sampled ? GroupBy::process : options_.by;
    report.waits = waits_;
    report.wait_ns = wait_ns_;
    report.causes = causes_;
    for (std::size_t i = 0; i < quantiles.size(); ++i) {
        const auto& [label, q] = quantiles.at(i);
        report.percentiles.at(i) = {label, q, histogram_.quantile(q)};
    }
    report.max_ns = histogram_.max();
    report.victims_folded = victims_folded_;
    report.culprits_folded = culprits_folded_;
    list_victims(report);
    list_culprits(report);
    fill_table(report);
    return report;
}

}  // namespace rqs
