// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/summary_rows.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "aggregate/largest.h"

namespace rqs {

SummaryRows::SummaryRows(const SummaryOptions& options, const Victims& victims,
                         const Culprits& culprits, const PlainNs& plain_ns)
    : options_(options), victims_(victims), culprits_(culprits), plain_ns_(plain_ns) {}

void SummaryRows::fill(SummaryReport& report) const {
    list_victims(report);
    list_culprits(report);
    fill_table(report);
}

HeaviestNames SummaryRows::heaviest_names() const {
    const auto heaviest = [&](const auto& sums) {
        NameSums names;
        for (const auto& [key, sum] : sums) {
            names.add(group(key), sum.ns);
        }
        return names.heaviest();
    };
    return {heaviest(victims_.sums()), heaviest(culprits_.sums())};
}

SummaryRows::Columns SummaryRows::columns(std::size_t wanted) const {
    Columns columns;
    for (const auto* entry : largest(culprits_.sums(), wanted)) {
        columns.push_back({entry->first, entry->second.ns, &entry->second, 0});
    }
    for (std::size_t i = 0; i < plain_kinds.size(); ++i) {
        if (plain_ns_.at(i) > 0) {
            columns.push_back({{plain_kinds.at(i), 0, {}}, plain_ns_.at(i), nullptr, i});
        }
    }
    std::sort(columns.begin(), columns.end(), [](const Column& a, const Column& b) {
        return a.ns != b.ns ? a.ns > b.ns : a.key < b.key;
    });
    columns.resize(std::min(wanted, columns.size()));
    return columns;
}

/// A group has one name, whether it is a victim or a culprit.
Group SummaryRows::group(const GroupKey& key) const {
    const auto victim = victims_.sums().find(key);
    const auto culprit = culprits_.sums().find(key);
    GroupLabel seen;
    if (culprit != culprits_.sums().end()) {
        seen = culprit->second.label;
    }
    if (victim != victims_.sums().end() && !seen.sure) {
        seen = victim->second.label;
    }
    return group_of(key, seen, options_.names);
}

void SummaryRows::list_victims(SummaryReport& report) const {
    VictimSum rest = victims_.folded();
    std::unordered_set<GroupKey, GroupKeyHash> listed;
    for (const auto* entry : largest(victims_.sums(), options_.top)) {
        const auto& [key, sum] = *entry;
        report.victims.push_back(
            {group(key), sum.waits, sum.ns, sum.max_ns, sum.ran_ns, sum.waited_ns});
        listed.insert(key);
    }
    for (const auto& [key, sum] : victims_.sums()) {
        if (!listed.contains(key)) {
            rest.add(sum);
        }
    }
    if (rest.waits > 0 || rest.ns > 0) {
        report.victims.push_back(
            {{}, rest.waits, rest.ns, rest.max_ns, rest.ran_ns, rest.waited_ns});
    }
}

void SummaryRows::list_culprits(SummaryReport& report) const {
    std::uint64_t rest_ns = report.wait_ns;
    for (const Column& culprit : columns(options_.top)) {
        report.culprits.push_back({group(culprit.key), culprit.ns});
        rest_ns -= culprit.ns;
    }
    if (rest_ns > 0) {
        report.culprits.push_back({{}, rest_ns});
    }
}

SummaryReport::TableRow SummaryRows::row(const GroupKey& key, const VictimSum& victim,
                                         const Columns& columns) const {
    SummaryReport::TableRow row{group(key), {}, victim.ns, victim.ns};
    for (const Column& column : columns) {
        row.ns.push_back(column.tasks == nullptr ? victim.plain_ns.at(column.plain)
                                                 : culprits_.cell(*column.tasks, victim.slot));
        row.others_ns -= row.ns.back();
    }
    return row;
}

/// What the victims that are not listed waited for this culprit, or less: a cell that is not known
/// for sure to be theirs is left to the row's own `others`.
std::uint64_t SummaryRows::others_ns(const Column& column, const Rows& listed) const {
    if (column.tasks == nullptr) {
        return std::accumulate(listed.begin(), listed.end(), column.ns,
                               [&](std::uint64_t ns, const auto* row) {
                                   return ns - row->second.plain_ns.at(column.plain);
                               });
    }
    std::array<bool, victim_slots> theirs{};
    std::uint64_t maybe_listed_ns = 0;  // of the loose slot: waited before they had their own
    for (const auto* row : listed) {
        theirs.at(row->second.slot) = true;
        maybe_listed_ns += row->second.before_slot_ns;
    }
    const std::uint64_t loose_ns = culprits_.cell(*column.tasks, loose_slot);
    std::uint64_t ns = loose_ns - std::min(loose_ns, maybe_listed_ns);
    for (std::size_t slot = loose_slot + 1; slot < victim_slots; ++slot) {
        ns += theirs.at(slot) ? 0 : culprits_.cell(*column.tasks, slot);
    }
    return ns;
}

/// Only victims with a slot have rows: of the others it is not known who kept them waiting. Those
/// without are smaller than the smallest with one, or larger by less than a quarter.
void SummaryRows::fill_table(SummaryReport& report) const {
    const Columns columns = this->columns(options_.table_columns);
    const Rows rows = largest(victims_.sums(), options_.table_rows,
                              [](const VictimSum& victim) { return victim.slot != loose_slot; });
    SummaryReport::TableRow rest{{}, {}, 0, report.wait_ns};
    std::uint64_t listed_waits = 0;
    for (const auto* entry : rows) {
        report.table.push_back(row(entry->first, entry->second, columns));
        rest.wait_ns -= entry->second.ns;
        listed_waits += entry->second.waits;
    }
    rest.others_ns = rest.wait_ns;
    for (const Column& column : columns) {
        report.table_culprits.push_back(group(column.key));
        rest.ns.push_back(others_ns(column, rows));
        rest.others_ns -= rest.ns.back();
    }
    if (listed_waits < report.waits) {
        report.table.push_back(std::move(rest));
    }
}

}  // namespace rqs
