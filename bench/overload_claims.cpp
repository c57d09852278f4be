// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "bench/figures.h"

namespace rqs::bench {
namespace {

constexpr double mib = 1 << 20;
constexpr double plain_bound = 16 * mib;   // peak RSS beside the rings
constexpr double ledger_bound = 64 * mib;  // the same, where waits are explained or summed up
constexpr double share_bound = 1;          // percent of all CPUs
constexpr double flat_factor = 1.05;
constexpr double flat_slack = mib;

std::string name_of(const OverloadFigures& row) {
    return fmt::format("{} tasks ({}), {}", row.tasks, row.load, row.label);
}

Claim lost_claim(const OverloadFigures& row) {
    const std::string what = fmt::format("nothing lost under {}", name_of(row));
    if (!row.missing.empty() || !row.lost || !row.seen || !row.kept) {
        return {false, fmt::format("{}: not measured{}{}", what, row.missing.empty() ? "" : ": ",
                                   row.missing)};
    }
    return {*row.lost == 0 && *row.seen > 0,
            fmt::format("{}: {} of {} waits lost, {} kept", what, *row.lost, *row.seen, *row.kept)};
}

/// The largest of a series over all of our rows that are `plain`, or not.
double largest(const std::vector<OverloadFigures>& rows, bool plain,
               Series OverloadFigures::*series) {
    double most = 0;
    for (const OverloadFigures& row : rows) {
        if (row.role == Role::ours && row.plain == plain) {
            most = std::max(most, (row.*series).largest());
        }
    }
    return most;
}

Claim memory_claim(std::string_view what, double bytes, double bound) {
    return {bytes > 0 && bytes <= bound,
            fmt::format("peak memory beside the rings, {}: {:.1f} MiB (at most {:.0f})", what,
                        bytes / mib, bound / mib)};
}

/// The median of the quarter of the samples that begins at `quarter` / 4.
double quarter_median(const Series& samples, std::size_t quarter) {
    Series part;
    for (std::size_t i = samples.size() * quarter / 4; i < samples.size() * (quarter + 1) / 4;
         ++i) {
        part.add(samples.at(i));
    }
    return part.median();
}

Claim flat_claim(const SoakFigures& soak) {
    const double early = quarter_median(soak.rss, 1);
    const double late = quarter_median(soak.rss, 3);
    return {soak.rss.size() >= 8 && late <= early * flat_factor + flat_slack,
            fmt::format("memory is flat over {:.0f} minutes of overload, {}: {:.1f} MiB in the "
                        "last quarter, {:.1f} in the second (at most 5 % and 1 MiB more; {} "
                        "samples)",
                        soak.minutes, soak.label, late / mib, early / mib, soak.rss.size())};
}

}  // namespace

std::vector<Claim> judge_overloads(const std::vector<OverloadFigures>& rows) {
    std::vector<Claim> claims;
    for (const OverloadFigures& row : rows) {
        if (row.role == Role::ours) {
            claims.push_back(lost_claim(row));
        }
    }
    claims.push_back(memory_claim("plain text under every overload",
                                  largest(rows, true, &OverloadFigures::peak_rss), plain_bound));
    claims.push_back(memory_claim("JSON, reports and every wait under every overload",
                                  largest(rows, false, &OverloadFigures::peak_rss), ledger_bound));
    const double share = largest(rows, true, &OverloadFigures::cpu_share);
    const bool any = largest(rows, true, &OverloadFigures::peak_rss) > 0;
    claims.push_back(
        {any && share <= share_bound,
         fmt::format("the tool's own share of all CPUs, plain text under every overload: {:.2f} % "
                     "(at most {:.0f} %)",
                     share, share_bound)});
    return claims;
}

std::vector<Claim> judge_soak(const SoakFigures& soak) {
    const auto& loss = soak.loss;
    return {
        flat_claim(soak),
        memory_claim(fmt::format("{} for {:.0f} minutes", soak.label, soak.minutes),
                     static_cast<double>(soak.peak_rss), soak.plain ? plain_bound : ledger_bound),
        {loss.measured && loss.lost == 0 && loss.seen > 0,
         fmt::format("nothing lost in {:.0f} minutes of overload, {}: {} of {} waits lost",
                     soak.minutes, soak.label, loss.lost, loss.seen)}};
}

}  // namespace rqs::bench
