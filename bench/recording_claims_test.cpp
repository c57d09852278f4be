// SPDX-License-Identifier: BSD-2-Clause
// A benchmark that cannot fail proves nothing: each claim is broken once.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "bench/recording_figures.h"

namespace rqs::bench {
namespace {

Series only(double value) {
    Series series;
    series.add(value);
    return series;
}

constexpr double mib = 1 << 20;

RecordedLoad load(double slowdown, double bytes) {
    RecordedLoad found;
    found.slowdown = only(slowdown);
    found.bytes_a_switch = only(bytes);
    found.switches_per_s = only(400'000);
    found.lost = 0;
    return found;
}

RecorderFigures recorder(Recorder who, double net_ns, double slowdown) {
    RecorderFigures figures;
    figures.who = who;
    figures.net_ns = only(net_ns);
    figures.pingpong = load(slowdown, 2);
    figures.hackbench = load(slowdown, 5);
    figures.overload = load(slowdown, 5);
    figures.peak_rss = only(20 * mib);
    return figures;
}

ScaleFigures scale(std::uint32_t cpus) {
    ScaleFigures figures;
    figures.cpus = cpus;
    figures.switches = 1'000'000;
    figures.reader_ns = 100;
    for (int quarter = 0; quarter < 4; ++quarter) {
        figures.rss.add(10 * mib);
    }
    return figures;
}

/// Figures with which every claim holds.
RecordingFigures good() {
    RecordingFigures figures;
    figures.recorders = {
        recorder(Recorder::record, 50, 1.05),  recorder(Recorder::record_waker, 90, 1.1),
        recorder(Recorder::classic, 400, 1.2), recorder(Recorder::perf, 0, 1.8),
        recorder(Recorder::trace_cmd, 0, 1.3), recorder(Recorder::trace_cmd_rt, 0, 1.2),
        recorder(Recorder::peer, 0, 1.3)};
    figures.reports = {{"pingpong", only(11e6), only(1e6)}};
    figures.imports = {{"perf.data", only(3e6)}};
    figures.many_cpus = scale(256);
    figures.an_hour = scale(2);
    figures.report_rss = only(10 * mib);
    figures.report_rss.add(10 * mib);
    return figures;
}

struct Breach {
    const char* part;  ///< of the claim that is to fail
    std::function<void(RecordingFigures&)> make;
};

TEST(RecordingClaims, HoldWithGoodFigures) {
    for (const Claim& claim : judge_recording(good())) {
        EXPECT_TRUE(claim.holds) << claim.text;
    }
}

TEST(RecordingClaims, EachFailsAlone) {
    const std::vector<Breach> breaches{
        {"ping-pong, record and", [](auto& f) { f.recorders[3].pingpong.slowdown = only(1.4); }},
        {"ping-pong, record and", [](auto& f) { f.recorders[4].pingpong.slowdown = only(1.1); }},
        {"ping-pong, record and", [](auto& f) { f.recorders[6].pingpong.slowdown = only(1.1); }},
        {"ping-pong, record and", [](auto& f) { f.recorders[6].missing = "crashed"; }},
        {"overload, record and", [](auto& f) { f.recorders[5].overload.slowdown = only(1.09); }},
        {"hook in record mode", [](auto& f) { f.recorders[0].net_ns = only(70); }},
        {"bytes a switch on disk, ping-pong",
         [](auto& f) { f.recorders[0].pingpong.bytes_a_switch = only(3.1); }},
        {"bytes a switch on disk, hackbench",
         [](auto& f) { f.recorders[0].hackbench.bytes_a_switch = only(6.1); }},
        {"nothing lost under 600", [](auto& f) { f.recorders[0].overload.lost = 1; }},
        {"nothing lost under 600",
         [](auto& f) { f.recorders[1].overload.switches_per_s = only(200'000); }},
        {"nothing lost in the ping-pong", [](auto& f) { f.recorders[0].pingpong.lost.reset(); }},
        {"peak memory beside the rings", [](auto& f) { f.recorders[0].peak_rss = only(65 * mib); }},
        {"memory of the recorder",
         [](auto& f) {
             f.an_hour.rss = only(10 * mib);
             f.an_hour.rss.add(10 * mib);
             f.an_hour.rss.add(11 * mib);
             f.an_hour.rss.add(12 * mib);
         }},
        {"256 CPUs", [](auto& f) { f.many_cpus.reader_ns = 200; }},
        {"report, pingpong",
         [](auto& f) {
             f.reports[0].ours_per_s = only(9e6);
             f.reports[0].perf_per_s = only(0.5e6);
         }},
        {"times as fast", [](auto& f) { f.reports[0].perf_per_s = only(2e6); }},
        {"import of perf.data", [](auto& f) { f.imports[0].events_per_s = only(1.9e6); }},
        {"memory of report",
         [](auto& f) {
             f.report_rss = only(10 * mib);
             f.report_rss.add(13 * mib);
         }},
    };
    for (const Breach& breach : breaches) {
        RecordingFigures figures = good();
        breach.make(figures);
        std::vector<std::string> failed;
        for (const Claim& claim : judge_recording(figures)) {
            if (!claim.holds) {
                failed.push_back(claim.text);
            }
        }
        ASSERT_EQ(failed.size(), 1U) << breach.part;
        EXPECT_NE(failed[0].find(breach.part), std::string::npos) << failed[0];
    }
}

TEST(RecordingClaims, ComparesOnlyWithWhatIsInstalled) {
    RecordingFigures figures = good();
    const std::size_t all = judge_recording(figures).size();
    figures.recorders[3].missing = "not installed";
    EXPECT_EQ(judge_recording(figures).size(), all - 1);
}

}  // namespace
}  // namespace rqs::bench
