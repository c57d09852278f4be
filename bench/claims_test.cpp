// SPDX-License-Identifier: BSD-2-Clause
// A benchmark that cannot fail proves nothing: each claim is broken once.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "bench/figures.h"

namespace rqs::bench {
namespace {

VariantFigures variant(Role role, double net_ns, double attach_ms, double bytes) {
    VariantFigures figures;
    figures.role = role;
    figures.net_ns.add(net_ns);
    figures.attach_ms.add(attach_ms);
    figures.total_bytes.add(bytes);
    return figures;
}

Series only(double value) {
    Series series;
    series.add(value);
    return series;
}

constexpr double mib = 1 << 20;

OverloadFigures overload(bool plain, double peak_rss) {
    OverloadFigures figures;
    figures.plain = plain;
    figures.seen = 1000;
    figures.kept = 900;
    figures.lost = 0;
    figures.cpu_share = only(0.9);
    figures.peak_rss = only(peak_rss);
    return figures;
}

/// Figures with which every claim holds.
Figures good() {
    Figures figures;
    figures.variants = {variant(Role::ours, 10, 20, 1e6), variant(Role::ours_all, 50, 20, 1e6),
                        variant(Role::classic, 400, 20, 1e6)};
    figures.variants[1].seen = 1000;
    figures.variants[1].kept = 1000;
    figures.variants[1].lost = 0;
    figures.starved = {true, 100, 60, 40, 60, 0};
    figures.fast = {true, 100, 100, 0, 100, 120'000};
    figures.formats = {{"text", 3e6}, {"json", 2.5e6}};
    ThreadFigures threads;
    threads.load = "threads";
    threads.few_ns.add(60);
    threads.many_ns.add(61);
    figures.threads = {threads};
    figures.overloads = {overload(true, 15 * mib), overload(false, 60 * mib)};
    return figures;
}

struct Breach {
    const char* name;
    std::size_t claim;
    std::function<void(Figures&)> make;
};

TEST(Claims, HoldWithGoodFigures) {
    for (const Claim& claim : judge(good())) {
        EXPECT_TRUE(claim.holds) << claim.text;
    }
}

TEST(Claims, EachFailsAlone) {
    const std::vector<Breach> breaches{
        {"hook", 0, [](Figures& f) { f.variants[0].net_ns = only(41); }},
        {"every wait", 1, [](Figures& f) { f.variants[1].net_ns = only(400); }},
        {"every wait by losing", 1, [](Figures& f) { f.variants[1].lost = 501; }},
        {"every wait, what is kept", 1,
         [](Figures& f) {
             f.variants[1].net_ns = only(300);
             f.variants[1].lost = 300;
         }},
        {"text", 2, [](Figures& f) { f.formats[0].events_per_s = 1.9e6; }},
        {"json", 3, [](Figures& f) { f.formats[1].events_per_s = 1.9e6; }},
        {"start-up", 4, [](Figures& f) { f.variants[0].attach_ms = only(23); }},
        {"memory", 5, [](Figures& f) { f.variants[0].total_bytes = only(1.01e6); }},
        {"uncounted loss", 6, [](Figures& f) { f.starved.seen = 101; }},
        {"kept but not printed", 6, [](Figures& f) { f.starved.lines = 59; }},
        {"not starved", 6, [](Figures& f) { f.starved = {true, 60, 60, 0, 60, 0}; }},
        {"loss", 7, [](Figures& f) { f.fast = {true, 100, 99, 1, 99, 120'000}; }},
        {"slow load", 7, [](Figures& f) { f.fast.load_rate = 99'000; }},
        {"threads", 8, [](Figures& f) { f.threads[0].many_ns = only(70); }},
        {"lost under overload", 9, [](Figures& f) { f.overloads[0].lost = 1; }},
        {"a tool that hung", 10, [](Figures& f) { f.overloads[1].missing = "it hung"; }},
        {"loss not told", 10, [](Figures& f) { f.overloads[1].lost.reset(); }},
        {"plain memory", 11, [](Figures& f) { f.overloads[0].peak_rss = only(17 * mib); }},
        {"memory", 12, [](Figures& f) { f.overloads[1].peak_rss = only(65 * mib); }},
        {"share", 13, [](Figures& f) { f.overloads[0].cpu_share = only(1.1); }},
    };
    for (const Breach& breach : breaches) {
        Figures figures = good();
        breach.make(figures);
        const auto claims = judge(figures);
        for (std::size_t i = 0; i < claims.size(); ++i) {
            EXPECT_EQ(claims[i].holds, i != breach.claim) << breach.name << ": " << claims[i].text;
        }
    }
}

TEST(Claims, APeerThatStartsFasterOrIsSmallerFailsThem) {
    Figures figures = good();
    figures.variants.push_back(variant(Role::peer, 400, 20, 1e6));
    for (const Claim& claim : judge(figures)) {
        EXPECT_TRUE(claim.holds) << claim.text;
    }
    figures.variants.back() = variant(Role::peer, 400, 19, 9e5);
    const auto claims = judge(figures);
    EXPECT_EQ(
        std::count_if(claims.begin(), claims.end(), [](const Claim& claim) { return claim.holds; }),
        static_cast<std::ptrdiff_t>(claims.size()) - 2);
}

/// 16 samples that grow by `step` bytes each.
SoakFigures soak(double step) {
    SoakFigures figures;
    figures.plain = true;
    for (int i = 0; i < 16; ++i) {
        figures.rss.add(10 * mib + i * step);
    }
    figures.peak_rss = 12 << 20;
    figures.loss = {true, 1000, 1000, 0, 1000, 0};
    return figures;
}

void expect_soak(const SoakFigures& figures, const std::vector<bool>& holds) {
    const auto claims = judge_soak(figures);
    ASSERT_EQ(claims.size(), holds.size());
    for (std::size_t i = 0; i < claims.size(); ++i) {
        EXPECT_EQ(claims[i].holds, holds[i]) << claims[i].text;
    }
}

TEST(Claims, ALongRunMustBeFlatSmallAndLossless) {
    expect_soak(soak(0), {true, true, true});
    expect_soak(soak(0.5 * mib), {false, true, true});
    SoakFigures figures = soak(0);
    figures.peak_rss = 17 << 20;
    figures.loss.lost = 1;
    expect_soak(figures, {true, false, false});
    figures.plain = false;
    expect_soak(figures, {true, true, false});
    expect_soak(SoakFigures{}, {false, false, false});
}

TEST(Claims, WhatWasNotMeasuredDoesNotHold) {
    for (const Claim& claim : judge(Figures{})) {
        EXPECT_FALSE(claim.holds) << claim.text;
    }
}

TEST(Series, MedianOfOddEvenAndNone) {
    Series series;
    EXPECT_EQ(series.median(), 0);
    series.add(5);
    series.add(1);
    EXPECT_EQ(series.median(), 3);
    series.add(100);
    EXPECT_EQ(series.median(), 5);
}

}  // namespace
}  // namespace rqs::bench
