// SPDX-License-Identifier: BSD-2-Clause
#include "sinks/headline.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "sinks/recording_for_test.h"

namespace rqs::sinks {
namespace {

using recording_for_test::report;
using recording_for_test::second;

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

TEST(Headline, NamesTheVictimTheCauseAndTheCulprit) {
    EXPECT_EQ(headline(report()),
              "In 60.0 s tasks waited 1000 times for a CPU, 12.0 s in all. web 800 waited most: "
              "9.0 s (75 %). Main cause: contention, other tasks had the CPU (83 %). Main "
              "culprit: ffmpeg 4700, which had the CPU for 8.0 s of that (67 %).");
}

TEST(Headline, ManyEqualOnesAreNamedTogether) {
    RecordingReport many = report();
    many.names.victim = NameSum{"worker", 9 * second, 200, many.summary.victims[0].who, second};
    many.names.culprit =
        NameSum{"hog", 8 * second, 2, {Group::Kind::thread, 5, "hog", 0}, 4 * second};
    const std::string out = headline(many);
    EXPECT_TRUE(contains(out, " 200 processes called worker waited most: 9.0 s (75 %)")) << out;
    EXPECT_TRUE(contains(out, "Main culprit: 2 threads called hog, which")) << out;
}

TEST(Headline, OneThatHasMostOfItsNameIsNamedAlone) {
    RecordingReport most = report();
    most.names.victim =
        NameSum{"web", 9 * second, 200, {Group::Kind::process, 800, "web", 0}, 5 * second};
    EXPECT_TRUE(contains(headline(most), " web 800 waited most: 5.0 s (42 %)"));
}

TEST(Headline, NeverSaysThatSomethingIsNothing) {
    RecordingReport small = report();
    small.names.victim->ns = small.names.victim->largest_ns = 1;
    small.names.culprit->ns = small.names.culprit->largest_ns = 1;
    small.summary.causes.at(0).wait_ns = 1;
    small.summary.causes.at(2).wait_ns = 0;
    const std::string out = headline(small);
    EXPECT_FALSE(contains(out, "(0 %")) << out;
    EXPECT_TRUE(contains(out, "No victim stands out: web 800")) << out;
    EXPECT_TRUE(contains(out, "No culprit stands out: ffmpeg 4700")) << out;
}

TEST(Headline, NobodyWaited) {
    RecordingReport nothing;
    nothing.to_ns = second;
    nothing.min_us = 10'000;
    EXPECT_EQ(headline(nothing), "In 1.0 s no task waited longer than 10000 us for a CPU.");
    nothing.losses = {{0, 1, 2, 7, LossReason::damage}};
    EXPECT_TRUE(contains(headline(nothing), "7 waits that were lost (damage), 100 % of all."));
}

TEST(Headline, ACpuIsNoCulprit) {
    RecordingReport by_cpu = report();
    by_cpu.summary.by = GroupBy::cpu;
    by_cpu.names = {NameSum{"", 9 * second, 1, {Group::Kind::cpu, 3, "", 0}, 9 * second},
                    NameSum{"", 9 * second, 1, {Group::Kind::cpu, 3, "", 0}, 9 * second}};
    const std::string out = headline(by_cpu);
    EXPECT_TRUE(contains(out, " CPU 3 was waited for most: ")) << out;
    EXPECT_FALSE(contains(out, "culprit")) << out;
}

}  // namespace
}  // namespace rqs::sinks
