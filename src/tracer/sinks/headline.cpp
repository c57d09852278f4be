// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/headline.h"

#include <algorithm>
#include <string_view>

#include "model/names.h"
#include "sinks/put.h"
#include "sinks/report_tables.h"
#include "sinks/words.h"
#include "util/safe_text.h"

namespace rqs::sinks {
namespace {

constexpr std::size_t path_width = 60;

/// What a cause means, as the end of a sentence. docs/LEDGER.md has the whole of it.
std::string_view meaning(Cause cause) {
    switch (cause) {
        case Cause::contention:
            return "other tasks had the CPU";
        case Cause::self:
            return "threads of the same process had the CPU";
        case Cause::throttled:
            return "CPU quotas of cgroups were used up";
        case Cause::realtime:
            return "tasks of higher priority had the CPU";
        case Cause::rt_throttled:
            return "real-time tasks had used up their share";
        case Cause::idle:
            return "the CPU had to wake up from idling";
        case Cause::moved:
            return "they were queued on another CPU before";
        case Cause::unknown:
            break;
    }
    return "what held them back was not seen";
}

std::string_view plural(Group::Kind kind) {
    switch (kind) {
        case Group::Kind::thread:
            return "threads";
        case Group::Kind::cgroup:
            return "cgroups";
        default:
            return "processes";
    }
}

struct Heaviest {
    std::string who;
    std::uint64_t ns = 0;
};

/// One group where it has most of what its name has, else all of that name.
Heaviest heaviest(const NameSum& name) {
    const bool alone = name.members == 1 || name.largest_ns > name.ns / 2;
    const std::string_view children =
        name.largest.kind == Group::Kind::parent ? "children of " : "";
    if (alone) {
        return {fmt::format("{}{}", children, group_label(name.largest, path_width)),
                name.largest_ns};
    }
    return {fmt::format("{}{} {} called {}", children, name.members, plural(name.largest.kind),
                        util::printable(name.label)),
            name.ns};
}

bool stands_out(std::uint64_t ns, std::uint64_t whole_ns) {
    return ns > whole_ns / 20;
}

void put_amount(std::string& out, const SummaryReport& summary, const RecordingReport& report) {
    const std::string longer =
        report.min_us > 0 ? fmt::format(" longer than {} us", report.min_us) : std::string();
    const std::string span = total_words(report.duration_ns());
    if (summary.waits == 0) {
        put(out, "In {} no task waited{} for a CPU.", span, longer);
        return;
    }
    put(out, "In {} tasks waited {} time{}{} for a CPU, {} in all.", span, summary.waits,
        summary.waits == 1 ? "" : "s", longer, total_words(summary.wait_ns));
}

void put_victim(std::string& out, const SummaryReport& summary, const NameSum& name) {
    const auto [who, ns] = heaviest(name);
    if (!stands_out(ns, summary.wait_ns)) {
        out += " No victim stands out:";
    }
    put(out, " {} {} most: {} ({} %).", who,
        name.largest.kind == Group::Kind::cpu ? "was waited for" : "waited", total_words(ns),
        rough_percent(ns, summary.wait_ns));
}

void put_cause(std::string& out, const SummaryReport& summary) {
    const auto main =
        std::max_element(summary.causes.begin(), summary.causes.end(),
                         [](const auto& a, const auto& b) { return a.wait_ns < b.wait_ns; });
    put(out, " Main cause: {}, {} ({} %).", name(main->cause), meaning(main->cause),
        rough_percent(main->wait_ns, summary.wait_ns));
}

void put_culprit(std::string& out, const SummaryReport& summary, const NameSum& name) {
    const auto [who, ns] = heaviest(name);
    if (stands_out(ns, summary.wait_ns)) {
        put(out, " Main culprit: {}, which had the CPU for {} of that ({} %).", who,
            total_words(ns), rough_percent(ns, summary.wait_ns));
    } else {
        put(out, " No culprit stands out: {} had the CPU longest, for {} of that ({} %).", who,
            total_words(ns), rough_percent(ns, summary.wait_ns));
    }
}

/// Where so much is missing that the rest may mislead.
void put_lost(std::string& out, const RecordingReport& report) {
    const std::uint64_t kept = report.summary.waits;
    for (const LossReason reason : {LossReason::ring, LossReason::damage}) {
        const std::uint64_t lost = report.lost(reason);
        if (lost > (kept + lost) / 20) {
            put(out, " Not counted: {} waits that were lost ({}), {} % of all.", lost, name(reason),
                rough_percent(lost, kept + lost));
        }
    }
}

}  // namespace

std::string headline(const RecordingReport& report) {
    const SummaryReport& summary = report.summary;
    std::string out;
    put_amount(out, summary, report);
    if (summary.wait_ns > 0) {
        if (report.names.victim) {
            put_victim(out, summary, *report.names.victim);
        }
        if (!summary.sampled) {
            put_cause(out, summary);
        }
        // That a CPU itself had the CPU says nothing.
        if (report.names.culprit && summary.by != GroupBy::cpu) {
            put_culprit(out, summary, *report.names.culprit);
        }
    }
    put_lost(out, report);
    return out;
}

}  // namespace rqs::sinks
