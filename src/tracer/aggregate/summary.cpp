// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/summary.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "aggregate/summary_rows.h"

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

/// The sampler knows neither cgroups nor parents nor CPUs.
GroupBy possible(const SummaryOptions& options) {
    const bool sampler_knows = options.by == GroupBy::process || options.by == GroupBy::thread ||
                               options.by == GroupBy::comm;
    return options.sampled && !sampler_knows ? GroupBy::process : options.by;
}

BlameOptions blame_options(const SummaryOptions& options) {
    return {{options.by, options.names, options.max_culprits}, options.cpus, options.runs_kept};
}

constexpr std::size_t unknown = plain_kinds.size() - 1;
static_assert(plain_kinds[unknown] == Group::Kind::unknown);

}  // namespace

SummaryOptions summary_options(GroupBy by, const RunInfo& info) {
    SummaryOptions options;
    options.by = by;
    options.sampled = info.sampled;
    options.names = info.names;
    options.cpus = info.cpus;
    options.runs_kept = info.runs_kept;
    return options;
}

Summary::Summary(const SummaryOptions& options)
    : options_(options),
      causes_(empty_causes()),
      blame_(blame_options(options)),
      victims_(options.max_victims) {
    options_.by = possible(options);
}

void Summary::clear() {
    waits_ = 0;
    wait_ns_ = 0;
    lost_ = 0;
    causes_ = empty_causes();
    kinds_ = {};
    histogram_.clear();
    plain_ns_.fill(0);
    early_unknown_ns_ = 0;
    blame_.clear();
    victims_.clear();
}

void Summary::count(Cause cause, std::uint64_t waits, std::uint64_t wait_ns) {
    waits_ += waits;
    wait_ns_ += wait_ns;
    auto& row = causes_.at(static_cast<std::size_t>(cause));
    row.waits += waits;
    row.wait_ns += wait_ns;
}

void Summary::count_kind(const Wait& wait) {
    auto& kind = kinds_.at(static_cast<std::size_t>(wait.kind));
    if (!kind) {
        kind.emplace();
    }
    kind->wait_ns += wait.wait_ns;
    kind->histogram.add(wait.wait_ns);
}

/// What was no task's. Returns what is left for tasks that ran.
std::uint64_t Summary::add_plain(const Wait& wait, VictimSum& victim) {
    const WaitSums& sums = wait.sums;
    const std::array<std::uint64_t, plain_kinds.size()> wanted{sums.idle_ns,      sums.throttled_ns,
                                                               sums.elsewhere_ns, sums.irq_ns,
                                                               sums.steal_ns,     sums.unknown_ns};
    // Sums that did not make up the wait would break every other sum.
    std::uint64_t left_ns = wait.wait_ns;
    const auto add = [&](std::size_t i, std::uint64_t ns) {
        victim.plain_ns.at(i) += ns;
        plain_ns_.at(i) += ns;
        left_ns -= ns;
    };
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        add(i, std::min(left_ns, wanted.at(i)));
    }
    const std::uint64_t ran_ns = std::min(left_ns, sums.ran_ns());
    add(unknown, left_ns - ran_ns);
    early_unknown_ns_ += wait.early ? sums.unknown_ns : 0;
    return ran_ns;
}

void Summary::add(const Wait& wait) {
    count(wait.cause, 1, wait.wait_ns);
    count_kind(wait);
    histogram_.add(wait.wait_ns);

    const GroupKey key = key_of(options_.by, wait);
    VictimSum& victim = victims_.about_to_wait(key, wait.wait_ns, blame_);
    ++victim.waits;
    victim.ns += wait.wait_ns;
    victim.max_ns = std::max(victim.max_ns, wait.wait_ns);
    victim.label.see(key, wait.task, options_.names);
    if (options_.by != GroupBy::cpu) {  // a thread runs and waits on other CPUs in between
        const auto spent = threads_.since_last(wait);
        victim.ran_ns += spent.ran_ns;
        victim.waited_ns += spent.waited_ns;
    }
    blame_.add(wait, victim.slot, add_plain(wait, victim));
}

void Summary::add(const Interval& interval) {
    count(Cause::unknown, interval.waits, interval.wait_ns);
    const GroupKey key = key_of(options_.by, interval);
    VictimSum& victim = victims_.about_to_wait(key, interval.wait_ns, blame_);
    victim.waits += interval.waits;
    victim.ns += interval.wait_ns;
    victim.ran_ns += interval.run_ns;
    victim.waited_ns += interval.wait_ns;
    victim.label.see(key, interval.task, options_.names);
    victim.plain_ns.at(unknown) += interval.wait_ns;
    plain_ns_.at(unknown) += interval.wait_ns;
}

void Summary::list_kinds(SummaryReport& report) const {
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
        if (const auto& kind = kinds_.at(i)) {
            const Histogram& waits = kind->histogram;
            report.kinds.push_back({static_cast<WaitKind>(i), waits.count(), kind->wait_ns,
                                    waits.quantile(0.5), waits.quantile(0.99), waits.max()});
        }
    }
}

SummaryReport Summary::report(std::uint64_t ts_ns, std::uint64_t duration_ns, bool last) const {
    SummaryReport report;
    report.ts_ns = ts_ns;
    report.duration_ns = duration_ns;
    report.last = last;
    report.sampled = options_.sampled;
    report.by = options_.by;
    report.waits = waits_;
    report.wait_ns = wait_ns_;
    report.lost = lost_;
    report.unknown_ns = options_.sampled ? 0 : plain_ns_.at(unknown);
    report.early_unknown_ns = early_unknown_ns_;
    report.causes = causes_;
    list_kinds(report);
    for (std::size_t i = 0; i < quantiles.size(); ++i) {
        const auto& [label, q] = quantiles.at(i);
        report.percentiles.at(i) = {label, q, histogram_.quantile(q)};
    }
    report.max_ns = histogram_.max();
    const Culprits culprits = blame_.settled();
    report.victims_folded = victims_.folded_count();
    report.culprits_folded = culprits.folded();
    SummaryRows(options_, victims_, culprits, plain_ns_).fill(report);
    return report;
}

HeaviestNames Summary::heaviest_names() const {
    const Culprits culprits = blame_.settled();
    return SummaryRows(options_, victims_, culprits, plain_ns_).heaviest_names();
}

}  // namespace rqs
