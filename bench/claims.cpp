// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "bench/figures.h"

namespace rqs::bench {
namespace {

// The bounds, all of them ratios or counts of work; no absolute time is claimed.
constexpr double hook_bound = 0.1;
constexpr double hook_aim = 0.05;
constexpr double format_bound = 2e6;    // events a second and core
constexpr double threads_bound = 1.15;  // of the hook's own time, statistics included
constexpr double rate_bound = 100'000;  // waits a second
constexpr double kept_bound = 0.5;      // of all waits, for the cost of keeping them to mean much

bool measured(const VariantFigures* variant) {
    return variant != nullptr && variant->missing.empty();
}

Claim unmeasured(std::string_view what) {
    return {false, fmt::format("{}: not measured", what)};
}

/// "1/23" for a ratio below one.
std::string fraction(double ratio) {
    return ratio <= 0 ? "nothing that could be measured" : fmt::format("1/{:.1f}", 1 / ratio);
}

Claim hook_claim(const VariantFigures* ours, const VariantFigures* classic) {
    constexpr std::string_view what = "hook at the default threshold, net of the empty program";
    if (!measured(ours) || !measured(classic) || classic->net_ns.median() <= 0) {
        return unmeasured(what);
    }
    const double ratio = ours->net_ns.median() / classic->net_ns.median();
    return {
        ratio <= hook_bound,
        fmt::format("{}: {} of the classic method ({:.1f} and {:.1f} ns a switch; at most 1/10, "
                    "the aim of 1/20 is {})",
                    what, fraction(ratio), ours->net_ns.median(), classic->net_ns.median(),
                    ratio <= hook_aim ? "reached" : "missed")};
}

Claim every_wait_claim(const VariantFigures* ours, const VariantFigures* classic) {
    constexpr std::string_view what = "every wait kept with its ledger";
    if (!measured(ours) || !measured(classic) || !ours->seen || !ours->lost || *ours->seen == 0) {
        return unmeasured(what);
    }
    // Losing a wait costs something too, so this is no less than what keeping one costs.
    const double kept_share =
        1 - static_cast<double>(*ours->lost) / static_cast<double>(*ours->seen);
    const double mine = kept_share > 0 ? ours->net_ns.median() / kept_share : 0;
    const double theirs = classic->net_ns.median();
    return {kept_share >= kept_bound && mine < theirs,
            fmt::format("{}: {:.1f} ns a switch net, less than the {:.1f} of the classic method at "
                        "its default threshold ({:.1f} % of the waits were kept, at least half; "
                        "the cost is divided by that share)",
                        what, mine, theirs, kept_share * 100)};
}

Claim format_claim(const Figures& figures, std::string_view name) {
    const auto found = std::find_if(figures.formats.begin(), figures.formats.end(),
                                    [name](const FormatFigure& row) { return row.name == name; });
    if (found == figures.formats.end()) {
        return unmeasured(fmt::format("formatting {}", name));
    }
    return {found->events_per_s >= format_bound,
            fmt::format("formatting {}: {:.2f} million events a second and core (at least 2)", name,
                        found->events_per_s / 1e6)};
}

// `whose`: the classic method's bare reference, or a peer.
Claim attach_claim(const VariantFigures* ours, const VariantFigures* classic,
                   std::string_view whose) {
    constexpr std::string_view what = "exec to attached";
    if (!measured(ours) || !measured(classic) || classic->attach_ms.median() <= 0) {
        return unmeasured(what);
    }
    const double ratio = ours->attach_ms.median() / classic->attach_ms.median();
    return {ratio <= 1,
            fmt::format("{}: {:.2f} of {} time ({:.1f} and {:.1f} ms; no worse)", what, ratio,
                        whose, ours->attach_ms.median(), classic->attach_ms.median())};
}

Claim memory_claim(const VariantFigures* ours, const VariantFigures* classic,
                   std::string_view whose) {
    constexpr std::string_view what = "peak memory, user space and maps";
    if (!measured(ours) || !measured(classic) || classic->total_bytes.median() <= 0) {
        return unmeasured(what);
    }
    const double ratio = ours->total_bytes.median() / classic->total_bytes.median();
    return {ratio <= 1, fmt::format("{}: {:.2f} of {} ({:.1f} and {:.1f} MiB; no worse)", what,
                                    ratio, whose, ours->total_bytes.median() / (1 << 20),
                                    classic->total_bytes.median() / (1 << 20))};
}

Claim starved_claim(const LossFigures& run) {
    constexpr std::string_view what = "starved reader under hackbench";
    if (!run.measured) {
        return unmeasured(what);
    }
    return {run.is_exact() && run.lost > 0 && run.kept > 0,
            fmt::format("{}: kept {} + lost {} + the tool's own {} = {}, seen {}, printed {} "
                        "(exactly equal, and some must have been lost)",
                        what, run.kept, run.lost, run.left_out, run.kept + run.lost + run.left_out,
                        run.seen, run.lines)};
}

Claim fast_claim(const LossFigures& run) {
    constexpr std::string_view what = "nothing lost with default settings";
    if (!run.measured) {
        return unmeasured(what);
    }
    return {run.is_exact() && run.lost == 0 && run.load_rate >= rate_bound,
            fmt::format("{}: {} of {} waits lost at {:.0f} a second (none, at 100,000 or more)",
                        what, run.lost, run.seen, run.load_rate)};
}

Claim threads_claim(const ThreadFigures& row) {
    return {!row.few_ns.empty() && row.ratio() <= threads_bound,
            fmt::format("{} threads instead of {}: the hook costs {:.2f} of it ({:.1f} and {:.1f} "
                        "ns a switch, at most {:.2f})",
                        row.many, row.few, row.ratio(), row.many_ns.median(), row.few_ns.median(),
                        threads_bound)};
}

}  // namespace

double Series::median() const {
    if (values_.empty()) {
        return 0;
    }
    std::vector<double> sorted = values_;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle]
                                  : std::midpoint(sorted[middle - 1], sorted[middle]);
}

double Series::smallest() const {
    return values_.empty() ? 0 : *std::min_element(values_.begin(), values_.end());
}

double Series::largest() const {
    return values_.empty() ? 0 : *std::max_element(values_.begin(), values_.end());
}

double ThreadFigures::ratio() const {
    return few_ns.median() > 0 ? many_ns.median() / few_ns.median() : 0;
}

const VariantFigures* Figures::find(Role role) const {
    const auto found =
        std::find_if(variants.begin(), variants.end(),
                     [role](const VariantFigures& variant) { return variant.role == role; });
    return found == variants.end() ? nullptr : &*found;
}

std::vector<Claim> judge(const Figures& figures) {
    const VariantFigures* ours = figures.find(Role::ours);
    const VariantFigures* classic = figures.find(Role::classic);
    constexpr std::string_view bare = "the bare reference's";
    std::vector<Claim> claims{
        hook_claim(ours, classic),         every_wait_claim(figures.find(Role::ours_all), classic),
        format_claim(figures, "text"),     format_claim(figures, "json"),
        attach_claim(ours, classic, bare), memory_claim(ours, classic, bare),
        starved_claim(figures.starved),    fast_claim(figures.fast),
    };
    const auto row = std::find_if(
        figures.threads.begin(), figures.threads.end(), [](const ThreadFigures& candidate) {
            return candidate.role == Role::ours && candidate.load == "threads";
        });
    claims.push_back(row == figures.threads.end() ? unmeasured("many threads")
                                                  : threads_claim(*row));
    for (Claim& claim : judge_overloads(figures.overloads)) {
        claims.push_back(std::move(claim));
    }
    if (const VariantFigures* peer = figures.find(Role::peer); measured(peer)) {
        claims.push_back(attach_claim(ours, peer, "the peer's"));
        claims.push_back(memory_claim(ours, peer, "the peer's"));
    }
    return claims;
}

}  // namespace rqs::bench
