// SPDX-License-Identifier: BSD-2-Clause
// What Perfetto computes of a recording of the running kernel, beside the kernel's own account.
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/program.h"
#include "perfetto/model_for_test.h"
#include "situation.h"
#include "tracer.h"
#include "witness.h"

namespace rqs::ktest {
namespace {

namespace fs = std::filesystem;
using namespace perfetto_for_test;

constexpr std::size_t workers = 6;

std::string binary() {
    const char* path = std::getenv("RQS_BINARY");
    return path != nullptr ? path : RQS_DEFAULT_BINARY;
}

struct Board {
    struct Worker {
        Reading begin, end;
    };
    std::array<Worker, workers> all{};
};

/// Preempted, woken and yielding in turn; the first four on one CPU, the others where they like.
void work(std::size_t number, Board::Worker& log) {
    if (number < 4) {
        pin(scene_cpu());
    }
    log.begin = read_myself();
    for (std::uint32_t round = 0; round < times(150); ++round) {
        burn_ns(300'000 + 50'000 * number);
        if (round % 4 == 0) {
            sleep_ns(400'000);
        } else if (round % 7 == 0) {
            ::sched_yield();
        }
    }
    log.end = read_myself();
}

struct Waited {
    std::uint64_t states_ns = 0;  ///< in R and R+
    std::uint64_t slices_ns = 0;  ///< in waits that the kernel counts
    std::uint64_t uncounted_ns = 0;
    std::uint64_t waits = 0;
};

/// Of what ended between the readings.
Waited waited(const Trace& trace, const States& states, const Slices& slices, std::int32_t tid,
              const Board::Worker& log) {
    const std::uint64_t offset_ns = trace.clocks.front().at(6) - trace.clocks.front().at(3);
    const auto inside = [&](std::uint64_t end_ns) {
        return end_ns > log.begin.ts_ns + offset_ns && end_ns <= log.end.ts_ns + offset_ns;
    };
    Waited sums;
    for (const State& state : states.all) {
        const bool runnable = state.name == "R" || state.name == "R+";
        if (state.tid == tid && runnable && !state.open && inside(state.ts + state.dur)) {
            sums.states_ns += state.dur;
        }
    }
    for (const Slice& slice : slices.named("wait: ")) {
        if (trace.tracks.at(slice.track).tid == tid && inside(slice.ts + slice.dur)) {
            ++sums.waits;
            (slice.args.count("stamped") == 0 ? sums.slices_ns : sums.uncounted_ns) +=
                std::stoull(slice.args.at("wait_ns"));
        }
    }
    return sums;
}

/// The workers, recorded, as Perfetto sees them.
struct Scene {
    Shared<Board> board;
    std::array<pid_t, workers> pids{};
    Trace trace;
    Witness witness;  // before the workers begin
};

void play(Scene& scene, const std::string& folder) {
    {
        Tracer tracer({"record", "-o", folder + "/x.rec"});
        ASSERT_TRUE(tracer.attached()) << tracer.stderr_text();
        std::vector<Process> all;
        for (std::size_t i = 0; i < workers; ++i) {
            all.emplace_back([&scene, i] { work(i, scene.board->all.at(i)); });
            scene.pids.at(i) = all.back().pid();
        }
        for (Process& one : all) {
            EXPECT_EQ(one.join(), 0);
        }
        ASSERT_EQ(tracer.stop(), 0) << tracer.stderr_text();
    }
    scene.witness.stop();
    const auto report = harness::run(
        {binary(), "report", folder + "/x.rec", "--perfetto", folder + "/x.trace", "-f", "json"});
    ASSERT_EQ(report.code, 0) << report.err;
    scene.trace = Parser::read(folder + "/x.trace");
}

/// False where the kernel did not announce every switch of this worker.
bool expect_runnable_time(const Scene& scene, std::size_t number, const States& states,
                          const Slices& slices) {
    const Board::Worker& log = scene.board->all.at(number);
    const pid_t tid = scene.pids.at(number);
    const std::uint64_t kernels_ns = log.end.account.run_delay_ns - log.begin.account.run_delay_ns;
    const Waited sums = waited(scene.trace, states, slices, tid, log);
    const std::string story =
        "worker " + std::to_string(number) + ", " + std::to_string(sums.waits) + " waits";
    EXPECT_GT(sums.waits, times(20)) << story;
    // A state is as long as the time between two switches, a wait is measured in the runqueue's
    // clock: they differ by a microsecond where a hypervisor comes between, and under emulation,
    // where a reading of two clocks takes long, by much more.
    const double each_ns = in_vm() ? 100'000.0 : 2'000.0;
    const double apart_ns =
        each_ns * static_cast<double>(sums.waits) + 0.001 * static_cast<double>(kernels_ns);
    const auto states_ns = static_cast<double>(sums.states_ns - sums.uncounted_ns);
    if (scene.witness.unannounced(tid, log.begin.ts_ns, log.end.ts_ns).most > 0) {
        EXPECT_LE(sums.slices_ns, kernels_ns) << story;
        EXPECT_LE(states_ns, static_cast<double>(kernels_ns) + apart_ns) << story;
        return false;
    }
    if (!in_vm()) {  // there a wait's end is not known so well that it is in or out without doubt
        EXPECT_EQ(sums.slices_ns, kernels_ns) << story;
    }
    EXPECT_NEAR(states_ns, static_cast<double>(kernels_ns), apart_ns) << story;
    std::printf("    worker %zu: runnable for %llu ns in %llu waits, %.0f ns from the kernel's\n",
                number, static_cast<unsigned long long>(sums.states_ns),
                static_cast<unsigned long long>(sums.waits),
                states_ns - static_cast<double>(kernels_ns));
    return true;
}

TEST(Perfetto, RunnableTimeIsTheGrowthOfRunDelay) {
    constexpr std::size_t enough = 4;
    std::size_t compared = 0;
    for (int attempt = 0; attempt < 6 && compared < enough && !HasFailure(); ++attempt) {
        const std::string folder = temporary_path("perfetto");
        fs::create_directory(folder);
        Scene scene;
        play(scene, folder);
        fs::remove_all(folder);
        if (HasFatalFailure()) {
            return;
        }
        const States states = StateModel::of(scene.trace);
        const Slices slices = SliceModel::of(scene.trace);
        EXPECT_EQ(slices.ends_of_nothing + slices.flows_of_nothing + slices.unfinished, 0U);
        EXPECT_FALSE(slices.flows.empty());
        for (std::size_t i = 0; i < workers; ++i) {
            compared += expect_runnable_time(scene, i, states, slices) ? 1U : 0U;
        }
    }
    if (compared == 0 && !HasFailure()) {
        GTEST_SKIP() << "the kernel did not announce every switch of any of them";
    }
}

}  // namespace
}  // namespace rqs::ktest
