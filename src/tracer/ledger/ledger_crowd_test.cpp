// SPDX-License-Identifier: BSD-2-Clause
// More tasks ran in a wait than the ledger looks at one by one.
#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "ledger/parts_for_test.h"
#include "ledger/scene_for_test.h"

namespace rqs {
namespace {

using namespace parts_for_test;

/// More tasks than the ledger looks at one by one.
class Crowd {
  public:
    static constexpr std::uint32_t tasks = 1000;
    static constexpr std::uint32_t big = 7'000'000;  // a tid that no other has

    /// Each task runs once for 10 ns, in groups between which `big` runs for `big_ns`.
    Crowd(std::uint32_t groups, std::uint64_t big_ns) {
        scene.runs(1, 5);
        for (std::uint32_t i = 0; i < tasks; ++i) {
            if (i % (tasks / groups) == 0) {
                scene.runs(big, big_ns);
            }
            scene.runs(10 + i, 10);
        }
        scene.window_of(std::uint64_t{tasks} * 10 + big_ns * groups);
    }
    Scene scene{4096};
};

TEST(Ledger, AmongManyTasksThoseThatAreNamedAreExact) {
    Crowd crowd(50, 20);
    for (const std::uint32_t named : {1U, 6U, 16U, 100U}) {
        SCOPED_TRACE(named);
        const Parts parts = crowd.scene.explain({true, named, false});
        EXPECT_EQ(parts.size(), named + 1);  // and the others
        for (const auto& [key, ns] : parts) {
            if (key.first == PartKind::ran) {
                EXPECT_EQ(ns, key.second == Crowd::big ? 1000U : 10U) << key.second;
            }
        }
    }
}

TEST(Ledger, AmongManyTasksTheOthersAreCounted) {
    Crowd crowd(1, 20);
    for (const std::uint32_t named : {0U, 6U, 16U}) {
        crowd.scene.explain({true, named, false});
        std::uint32_t count = 0;
        for (const Part& part : crowd.scene.wait.why) {
            count += part.kind == PartKind::ran || part.kind == PartKind::others ? part.count : 0;
        }
        EXPECT_EQ(count, Crowd::tasks + 1) << named;
    }
}

TEST(Ledger, AmongManyTasksAllAreNamedWhereAllAreAskedFor) {
    Crowd crowd(10, 3);
    const Parts parts = crowd.scene.explain();
    EXPECT_EQ(parts.size(), Crowd::tasks + 1);
    EXPECT_EQ(parts.at(ran(Crowd::big)), 30U);
}

TEST(Ledger, AmongManyTasksOneThatRanLongIsNamed) {
    // A sixteenth of what ran, at once: between two looks it cannot hide.
    for (std::uint32_t groups : {1U, 2U, 3U}) {
        Crowd crowd(groups, Crowd::tasks * 10 / 15 / groups + 1);
        const Parts parts = crowd.scene.explain({true, 16, false});
        EXPECT_TRUE(parts.contains(ran(Crowd::big))) << groups;
    }
}

TEST(Ledger, AmongManyTasksAPartHoldsEveryRankOfItsTask) {
    Scene scene(4096);
    // Of the 7 ns at another priority no look takes notice.
    scene.runs(1, 5).at(40).runs(Crowd::big, 5000).at(41).runs(Crowd::big, 7).at(120);
    for (std::uint32_t i = 0; i < Crowd::tasks; ++i) {
        scene.runs(10 + i, 10);
    }
    scene.window_of(5007 + std::uint64_t{Crowd::tasks} * 10);
    EXPECT_EQ(scene.explain({true, 16, false}).at(ran(Crowd::big)), 5007U);
}

TEST(Ledger, AmongManyTasksABriefOneNamesAFewAndSaysSo) {
    Crowd crowd(50, 20);
    Ledger ledger({true, 16, false});
    for (const bool brief : {true, false, true}) {
        ledger.be_brief(brief);
        ledger.explain(crowd.scene.timeline, crowd.scene.window, crowd.scene.wait);
        expect_conserved(crowd.scene.wait);
        const Parts parts = parts_of(crowd.scene.wait);
        EXPECT_EQ(parts.size(), (brief ? Ledger::brief_tasks : 16) + 1);
        EXPECT_EQ(parts.at(ran(Crowd::big)), 1000U);
        EXPECT_EQ(crowd.scene.wait.brief, brief);
    }
    Scene few;
    few.runs(1, 5).runs(2, 10).runs(3, 10).window_of(20);
    ledger.explain(few.timeline, few.window, few.wait);
    EXPECT_FALSE(few.wait.brief) << "it names all there are";
}

// How many of 200 random waits name a task whose share is scattered over many short runs.
int times_named(double share) {
    int named = 0;
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        std::mt19937 random(seed);
        std::bernoulli_distribution is_big(share);
        std::uniform_int_distribution<std::uint32_t> small(10, 400);
        std::uniform_int_distribution<std::uint64_t> length(1, 99);
        Scene scene(2048);
        std::uint64_t window_ns = 0;
        scene.runs(1, 5);
        for (int i = 0; i < 1500; ++i) {
            const std::uint64_t ns = length(random);
            scene.runs(is_big(random) ? Crowd::big : small(random), ns);
            window_ns += ns;
        }
        named += scene.window_of(window_ns).explain({true, 16, false}).contains(ran(Crowd::big));
    }
    return named;
}

TEST(Ledger, AmongManyTasksOneWithAGoodShareIsNamed) {
    EXPECT_EQ(times_named(1.0 / 8), 200);
    EXPECT_GE(times_named(1.0 / 16), 199);  // one of some thousand is missed by chance
}

}  // namespace
}  // namespace rqs
