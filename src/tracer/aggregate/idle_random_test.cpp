// SPDX-License-Identifier: BSD-2-Clause
// Random runs and waits, against a recount that looks at each CPU in each nanosecond.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "aggregate/idle_analysis.h"

namespace rqs {
namespace {

constexpr std::uint64_t duration_ns = 20'000;
constexpr std::uint32_t threads = 12;

/// What happened on each CPU, and what one finds by looking at everything.
class Recount {
  public:
    explicit Recount(std::uint32_t cpus)
        : cpus_(cpus),
          idle_(cpus, std::vector<bool>(duration_ns + 1)),
          queued_(cpus, std::vector<bool>(duration_ns + 1)),
          queued_here_(queued_) {}

    void idle(std::uint32_t cpu, std::uint64_t begin, std::uint64_t end) {
        mark(idle_[cpu], begin, end);
    }

    struct Each {
        std::uint32_t cpu;
        std::uint32_t tid;
        std::uint64_t mask;
        std::uint64_t begin;
        std::uint64_t here;
        std::uint64_t end;
    };

    void wait(const Each& wait) {
        if ((wait.mask & (wait.mask - 1)) == 0) {
            return;
        }
        mark(queued_here_[wait.cpu], wait.here, wait.end);
        for (std::uint32_t other = 0; other < cpus_; ++other) {
            if ((wait.mask >> other & 1) != 0) {
                mark(queued_[other], wait.begin, wait.end);
            }
        }
        waits_.push_back(wait);
    }

    void count() {
        for (const Each& wait : waits_) {
            std::uint64_t ns = 0;
            for (std::uint64_t at = wait.begin; at < wait.end; ++at) {
                ns += any_idle(wait, at) ? 1U : 0U;
            }
            avoidable_ns += ns;
            avoidable_waits += ns > 0 ? 1U : 0U;
            if (ns > 0) {
                named[wait.tid][idle_cpu(wait)] += ns;
            }
        }
    }

    /// `not_here`: and none on the CPU itself.
    [[nodiscard]] std::uint64_t idle_while_queued_ns(std::uint32_t cpu, bool not_here) const {
        std::uint64_t ns = 0;
        for (std::uint64_t at = 0; at < duration_ns; ++at) {
            const bool queued = queued_[cpu][at] && !(not_here && queued_here_[cpu][at]);
            ns += idle_[cpu][at] && queued ? 1U : 0U;
        }
        return ns;
    }

    std::uint64_t avoidable_ns = 0;
    std::uint64_t avoidable_waits = 0;
    std::map<std::uint32_t, std::map<std::uint32_t, std::uint64_t>> named;  // tid, CPU

  private:
    static void mark(std::vector<bool>& moments, std::uint64_t begin, std::uint64_t end) {
        std::fill(moments.begin() + static_cast<std::ptrdiff_t>(begin),
                  moments.begin() + static_cast<std::ptrdiff_t>(end), true);
    }
    static bool may(const Each& wait, std::uint32_t cpu, std::uint64_t at) {
        return (cpu != wait.cpu || at < wait.here) && (wait.mask >> cpu & 1) != 0;
    }
    [[nodiscard]] bool any_idle(const Each& wait, std::uint64_t at) const {
        for (std::uint32_t cpu = 0; cpu < cpus_; ++cpu) {
            if (may(wait, cpu, at) && idle_[cpu][at]) {
                return true;
            }
        }
        return false;
    }
    /// Back from the end of the wait: who idled last, and of these who did for longest.
    [[nodiscard]] std::uint32_t idle_cpu(const Each& wait) const {
        std::uint64_t at = wait.end - 1;
        while (!any_idle(wait, at)) {
            --at;
        }
        std::uint32_t best = 0;
        std::uint64_t best_begin = duration_ns;
        for (std::uint32_t cpu = 0; cpu < cpus_; ++cpu) {
            if (!may(wait, cpu, at) || !idle_[cpu][at]) {
                continue;
            }
            std::uint64_t begin = at;
            while (begin > 0 && idle_[cpu][begin - 1]) {
                --begin;
            }
            // None idled at the end: then it is the last one of those that stopped together.
            const bool at_end = at == wait.end - 1 || at == wait.here - 1;
            if (!at_end || begin < best_begin) {
                best = cpu;
                best_begin = begin;
            }
        }
        return best;
    }

    std::uint32_t cpus_;
    std::vector<std::vector<bool>> idle_;
    std::vector<std::vector<bool>> queued_;       // tasks that may use the CPU, anywhere
    std::vector<std::vector<bool>> queued_here_;  // tasks that may use others, on the CPU
    std::vector<Each> waits_;
};

struct World {
    World(const IdleOptions& options, unsigned seed)
        : cpus(options.cpus), analysis(options), recount(options.cpus), random(seed) {}

    std::uint64_t any(std::uint64_t from, std::uint64_t to) {
        return std::uniform_int_distribution<std::uint64_t>(from, to)(random);
    }

    void choose_affinities() {
        for (std::uint32_t tid = 1; tid <= threads; ++tid) {
            const std::uint64_t all = (std::uint64_t{1} << cpus) - 1;
            masks[tid] = tid % 2 == 0 ? all : any(1, all);
            analysis.affinity({0, tid, {masks[tid]}});
        }
    }

    /// A run ends on the CPU that is behind, and perhaps some waits with it.
    bool step() {
        const auto cpu =
            static_cast<std::uint32_t>(std::min_element(next.begin(), next.end()) - next.begin());
        const std::uint64_t end = next[cpu];
        if (end >= duration_ns) {
            return false;
        }
        run(cpu, end);
        for (auto waits = any(0, 2); waits > 0; --waits) {
            wait(cpu, end);
        }
        next[cpu] = end + any(1, any(0, 5) == 0 ? 900 : 60);
        return true;
    }

    void run(std::uint32_t cpu, std::uint64_t end) {
        Ran ran;
        ran.cpu = cpu;
        ran.end_ns = end;
        ran.length_ns = end - before[cpu];
        ran.task.tid = idles[cpu] ? 0 : 1000;
        if (idles[cpu]) {
            recount.idle(cpu, before[cpu], end);
        }
        analysis.ran(ran);
        before[cpu] = end;
        idles[cpu] = !idles[cpu] && any(0, 1) == 0;  // two idle runs never follow each other
    }

    void wait(std::uint32_t cpu, std::uint64_t end) {
        const auto tid = static_cast<std::uint32_t>(any(1, threads));
        const std::uint64_t length = std::min(end, any(0, any(0, 9) == 0 ? 3000 : 100));
        if ((masks[tid] >> cpu & 1) == 0) {
            return;
        }
        Wait wait;
        wait.ts_ns = end;
        wait.wait_ns = length;
        wait.cpu = cpu;
        wait.task = {tid, tid, {}};
        wait.sums.elsewhere_ns = any(0, 3) == 0 ? any(0, length) : 0;
        analysis.wait(wait);
        recount.wait(
            {cpu, tid, masks[tid], end - length, end - length + wait.sums.elsewhere_ns, end});
    }

    /// Every CPU ends a run behind everything that was waited for.
    void finish() {
        for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
            run(cpu, duration_ns);
        }
        analysis.finish();
        recount.count();
    }

    std::uint32_t cpus;
    IdleAnalysis analysis;
    Recount recount;
    std::mt19937 random;
    std::map<std::uint32_t, std::uint64_t> masks;
    std::vector<std::uint64_t> next = std::vector<std::uint64_t>(cpus, 1);
    std::vector<std::uint64_t> before = std::vector<std::uint64_t>(cpus, 0);
    std::vector<bool> idles = std::vector<bool>(cpus, false);
};

IdleOptions options_for(std::uint32_t cpus) {
    IdleOptions options;
    options.cpus = cpus;
    options.by = GroupBy::thread;
    options.top = threads;
    return options;
}

void expect_victims(const IdleReport& report, const Recount& recount) {
    EXPECT_EQ(report.victims.size(), recount.named.size());
    for (const auto& row : report.victims) {
        const auto found = recount.named.find(static_cast<std::uint32_t>(row.who.id));
        ASSERT_NE(found, recount.named.end());
        std::uint64_t sum_ns = 0;
        std::uint64_t most_ns = 0;
        for (const auto& [cpu, ns] : found->second) {
            sum_ns += ns;
            most_ns = std::max(most_ns, ns);
        }
        EXPECT_EQ(row.ns, sum_ns);
        ASSERT_TRUE(row.idle_cpu);
        EXPECT_EQ(found->second.at(*row.idle_cpu), most_ns) << row.who.id;
    }
}

class IdleRandom : public testing::TestWithParam<std::uint32_t> {};

TEST_P(IdleRandom, EqualsALookAtEachNanosecond) {
    for (unsigned seed = 1; seed <= 20 && !HasFailure(); ++seed) {
        World world(options_for(GetParam()), seed);
        world.choose_affinities();
        while (world.step()) {
        }
        world.finish();
        const auto report = world.analysis.report();
        EXPECT_EQ(report.avoidable_ns, world.recount.avoidable_ns);
        EXPECT_EQ(report.avoidable_waits, world.recount.avoidable_waits);
        EXPECT_EQ(report.undecided_waits, 0U);
        EXPECT_EQ(report.unknown_affinity_waits, 0U);
        ASSERT_EQ(report.cpus.size(), GetParam());
        for (const auto& cpu : report.cpus) {
            EXPECT_EQ(cpu.idle_while_others_queued_ns,
                      world.recount.idle_while_queued_ns(cpu.cpu, true))
                << cpu.cpu;
            EXPECT_EQ(cpu.busy_ns + cpu.idle_ns, duration_ns);
        }
        if (GetParam() <= 4) {  // MostNamed is exact
            expect_victims(report, world.recount);
        }
    }
}

/// Never more than the truth, and what is missing is said.
TEST_P(IdleRandom, InventsNothingWhereRoomIsShort) {
    std::uint64_t undecided = 0;
    for (unsigned seed = 1; seed <= 20 && !HasFailure(); ++seed) {
        IdleOptions options = options_for(GetParam());
        options.max_held_waits = 1 + seed % 4;
        options.max_spans = 4 + seed;
        options.max_looks = 16 * seed;
        World world(options, seed);
        world.choose_affinities();
        while (world.step()) {
        }
        world.finish();
        const auto report = world.analysis.report();
        EXPECT_LE(report.avoidable_ns, world.recount.avoidable_ns);
        EXPECT_LE(report.avoidable_waits, world.recount.avoidable_waits);
        if (report.avoidable_ns < world.recount.avoidable_ns) {
            EXPECT_GT(report.undecided_waits, 0U);
        }
        undecided += report.undecided_waits;
        for (const auto& cpu : report.cpus) {
            // A wait for the CPU itself may have ended after its idling was counted.
            EXPECT_LE(cpu.idle_while_others_queued_ns,
                      world.recount.idle_while_queued_ns(cpu.cpu, false));
        }
    }
    EXPECT_EQ(undecided > 0, GetParam() > 1);
}

INSTANTIATE_TEST_SUITE_P(Cpus, IdleRandom, testing::Values(1U, 2U, 3U, 4U, 8U));

/// A CPU that is silent keeps nothing back for ever, and what is remembered stays bounded.
TEST(IdleRandom, MemoryIsBounded) {
    constexpr std::uint32_t cpus = 64;
    IdleOptions options;
    options.cpus = cpus;
    options.online = {0, cpus - 1};  // the last one never says anything
    IdleAnalysis analysis(options);
    for (std::uint64_t at = 10; at < 20'000'000; at += 10) {
        Ran ran;
        ran.cpu = static_cast<std::uint32_t>(at / 10 % (cpus - 1));
        ran.end_ns = at;
        ran.length_ns = 5;
        ran.task.tid = at / 10 % 3 == 0 ? 1 : 0;
        analysis.ran(ran);
        Wait wait;
        wait.ts_ns = at;
        wait.wait_ns = at % 1000 == 0 ? at / 2 : 3;
        wait.cpu = ran.cpu;
        wait.task = {1, 1, {}};
        analysis.wait(wait);
    }
    EXPECT_LE(analysis.held_waits(), options.max_held_waits);
    EXPECT_LT(analysis.bytes(), std::size_t{22} << 20);
    analysis.finish();
    EXPECT_GT(analysis.report().undecided_waits, 100'000U);
}

}  // namespace
}  // namespace rqs
