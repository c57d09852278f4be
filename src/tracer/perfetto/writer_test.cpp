// SPDX-License-Identifier: BSD-2-Clause
// Events by hand, and what Perfetto makes of the trace. Each of its traps has a test.
#include "perfetto/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "perfetto/hand_made_for_test.h"
#include "perfetto/model_for_test.h"
#include "util/safe_text.h"

namespace rqs::perfetto {
namespace {

using namespace perfetto_for_test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int32_t gap_tid = static_cast<std::int32_t>(SchedTracks::not_recorded_tid);

using PerfettoWriter = HandMade;

TEST_F(PerfettoWriter, SaysFirstWhichKernelItIs) {
    const std::string bytes = written();
    protozero::pbf_reader trace(bytes);
    ASSERT_TRUE(trace.next(1));
    EXPECT_TRUE(trace.get_message().next(45));
    const Trace parsed = Parser::parse(bytes);
    EXPECT_EQ(parsed.sysname, "Linux");  // Perfetto looks at the release of no other
    EXPECT_EQ(parsed.release, "6.18.1-test");
    EXPECT_EQ(parsed.machine, "x86_64");
}

// A state of 256 is read as another one where the kernel is not known.
TEST_F(PerfettoWriter, APreemptedTaskStaysRunnableWithoutAWaking) {
    run(0, 100, 200, a, Left::preempted);
    run(0, 200, 300, b, Left::asleep);
    arrive(0, 300, 100, a, WaitKind::preempted);
    run(0, 300, 350, a, Left::asleep);
    const Trace trace = parsed();
    const States states = StateModel::of(trace);
    EXPECT_THAT(states.of(tid(a)),
                ElementsAre("Running 100-200", "R+ 200-300", "Running 300-350", "S 350-"));
    EXPECT_EQ(states.needless_wakings, 0U);
    EXPECT_EQ(states.waited(tid(a)), 100U);
}

TEST_F(PerfettoWriter, TimesAreOfTheBootClock) {
    boottime_offset_ns = 5'000;
    run(0, 100, 200, a, Left::asleep);
    arrive(0, 200, 40, b, WaitKind::woken);
    run(0, 200, 260, b, Left::asleep);
    reading(250, 7'000);
    const Trace trace = parsed();
    const States states = StateModel::of(trace);
    EXPECT_THAT(states.of(tid(b)), ElementsAre("R 5160-5200", "Running 5200-5260", "S 5260-"));
    EXPECT_EQ(SliceModel::of(trace).named("wait: ").at(0).ts, 5'160U);
    using Reading = std::map<std::uint32_t, std::uint64_t>;
    EXPECT_THAT(trace.clocks, ElementsAre(Reading{{1, 1'050}, {3, 50}, {6, 5'050}},
                                          Reading{{1, 7'250}, {3, 250}, {6, 5'250}}));
}

// Perfetto drops the first compact switch of each CPU.
TEST_F(PerfettoWriter, TheFirstRunOfEachCpuIsThere) {
    run(0, 100, 200, a, Left::asleep);
    run(3, 150, 250, b, Left::blocked);
    const States states = StateModel::of(parsed());
    EXPECT_EQ(states.skipped_switches, 2U);
    EXPECT_THAT(states.of(tid(a)), ElementsAre("Running 100-200", "S 200-"));
    EXPECT_THAT(states.of(tid(b)), ElementsAre("Running 150-250", "D 250-"));
}

TEST_F(PerfettoWriter, AWokenTaskIsRunnableFromItsWakingOn) {
    run(0, 100, 200, a, Left::asleep);
    run(0, 200, 400, b, Left::preempted);
    arrive(0, 400, 60, a, WaitKind::woken);
    run(0, 400, 500, a, Left::dead);
    const States states = StateModel::of(parsed());
    EXPECT_THAT(states.of(tid(a)), ElementsAre("Running 100-200", "S 200-340", "R 340-400",
                                               "Running 400-500", "X 500-"));
}

// Also what began before the trace did.
TEST_F(PerfettoWriter, NewAndYieldingTasksAreRunnableToo) {
    run(0, 100, 200, b, Left::yielded);
    arrive(0, 200, 150, a, WaitKind::created);
    run(0, 200, 300, a, Left::asleep);
    arrive(0, 300, 100, b, WaitKind::yielded);
    run(0, 300, 400, b, Left::asleep);
    const States states = StateModel::of(parsed());
    EXPECT_THAT(states.of(tid(a)), ElementsAre("R 50-200", "Running 200-300", "S 300-"));
    EXPECT_THAT(states.of(tid(b)),
                ElementsAre("Running 100-200", "R 200-300", "Running 300-400", "S 400-"));
    EXPECT_EQ(states.needless_wakings, 0U);
}

// A preempted one whose departure was not seen has no other way to become runnable.
TEST_F(PerfettoWriter, AnEarlyWaitIsThere) {
    run(0, 100, 200, b, Left::asleep);
    arrive(0, 200, 180, a, WaitKind::preempted);
    run(0, 200, 300, a, Left::asleep);
    EXPECT_EQ(StateModel::of(parsed()).waited(tid(a)), 180U);
}

// Perfetto takes who ran there for the waker of a compact waking.
TEST_F(PerfettoWriter, NoWakerIsInvented) {
    run(0, 100, 200, b, Left::asleep);
    arrive(0, 200, 50, a, WaitKind::woken);
    run(0, 200, 300, a, Left::asleep);
    arrive(0, 300, 50, b, WaitKind::woken, Waker{c, 1, false});
    run(0, 300, 400, b, Left::asleep);
    arrive(0, 400, 50, a, WaitKind::woken, Waker{c, 1, true});
    const Trace trace = parsed();
    std::vector<std::string> wakers;
    for (const SchedEvent& event : sorted(trace.sched)) {
        if (event.woke) {
            wakers.push_back(std::to_string(event.woke->waker) + ' ' +
                             std::to_string(event.woke->flags));
        }
    }
    EXPECT_THAT(wakers, ElementsAre("0 16", "30 0", "0 16"));
}

// Its clock may be a little ahead of that of the CPU that it left.
TEST_F(PerfettoWriter, AWakingComesAfterTheDeparture) {
    run(1, 100, 205, a, Left::asleep);
    run(0, 100, 300, b, Left::asleep);
    arrive(0, 300, 100, a, WaitKind::woken);
    run(0, 300, 400, a, Left::asleep);
    const States states = StateModel::of(parsed());
    EXPECT_EQ(states.needless_wakings, 0U);
    EXPECT_THAT(states.of(tid(a)), ElementsAre("Running 100-205", "S 205-206", "R 206-300",
                                               "Running 300-400", "S 400-"));
}

// A CPU tells of the last run before it idled when it has something else to tell.
TEST_F(PerfettoWriter, WhatIsToldLateDoesNotCountAsTheLast) {
    run(1, 250, 300, a, Left::asleep);
    run(0, 100, 200, a, Left::preempted);
    run(0, 200, 500, b, Left::asleep);
    arrive(0, 500, 100, a, WaitKind::unknown);
    const States states = StateModel::of(parsed());
    EXPECT_THAT(states.of(tid(a)), ElementsAre("Running 100-200", "R+ 200-250", "Running 250-300",
                                               "S 300-400", "R 400-500", "Running 500-"));
}

TEST_F(PerfettoWriter, AWaitOfNoTimeNeedsNoWaking) {
    run(0, 100, 200, b, Left::asleep);
    arrive(0, 200, 0, a, WaitKind::woken);
    run(0, 200, 300, a, Left::asleep);
    const Trace trace = parsed();
    const States states = StateModel::of(trace);
    EXPECT_EQ(states.needless_wakings, 0U);
    EXPECT_THAT(states.of(tid(a)), ElementsAre("Running 200-300", "S 300-"));
    EXPECT_THAT(SliceModel::of(trace).named("wait: "), SizeIs(1));
}

TEST_F(PerfettoWriter, AGapIsShownAndNotBridged) {
    run(0, 1'000'000, 2'000'000, a, Left::preempted);
    run(0, 2'000'000, 3'000'000, b, Left::asleep);
    run(0, 7'000'000, 8'000'000, b, Left::asleep, Seen::after_gap);
    arrive(0, 8'000'000, 500'000, a, WaitKind::preempted);  // so it ran in the gap
    run(0, 8'000'000, 9'000'000, a, Left::asleep);
    lose(0, 3'000'000, 7'000'000, 12);
    const Trace trace = parsed();
    const States states = StateModel::of(trace);
    EXPECT_THAT(states.of(tid(a)),
                ElementsAre("Running 1000000-2000000", "R+ 2000000-3000000",
                            "Running 3000000-3000000", "? 3000000-7500000", "R 7500000-8000000",
                            "Running 8000000-9000000", "S 9000000-"));
    EXPECT_EQ(states.sum(gap_tid, "Running"), 4'000'000U);
    EXPECT_THAT(trace.lossy_cpus, ElementsAre(0U));
    const Slices slices = SliceModel::of(trace);
    const auto lost = slices.named("waits lost");
    ASSERT_THAT(lost, SizeIs(1));
    EXPECT_EQ(lost[0].dur, 4'000'000U);
    EXPECT_EQ(lost[0].args.at("lost"), "12");
    EXPECT_EQ(lost[0].args.at("reason"), "ring");
    EXPECT_EQ(trace.tracks.at(lost[0].track).name, "lost waits, CPU 0");
}

// An arrival that is lost does not say how long it waited.
TEST_F(PerfettoWriter, ARunBehindAGapIsNotTakenForTheEndOfAWait) {
    constexpr std::uint64_t ms = 1'000'000;
    run(0, 1 * ms, 2 * ms, a, Left::preempted);
    run(0, 2 * ms, 3 * ms, b, Left::asleep);
    run(0, 5 * ms, 6 * ms, b, Left::asleep, Seen::after_gap);  // the first of two gaps
    run(0, 8 * ms, 9 * ms, a, Left::asleep, Seen::after_gap);
    EXPECT_THAT(
        StateModel::of(parsed()).of(tid(a)),
        ElementsAre("Running 1000000-2000000", "R+ 2000000-3000000", "Running 3000000-3000000",
                    "? 3000000-8000000", "Running 8000000-9000000", "S 9000000-"));
}

TEST_F(PerfettoWriter, AStateIsCutAfterItBeganThoughTheGapIsOlder) {
    constexpr std::uint64_t ms = 1'000'000;
    run(1, 1 * ms, 2 * ms, b, Left::asleep);
    run(1, 5 * ms, 6 * ms, b, Left::asleep, Seen::after_gap);
    run(0, 1 * ms, 3 * ms, a, Left::preempted);
    run(0, 3 * ms, 4 * ms, c, Left::asleep);
    arrive(0, 4 * ms, ms / 2, a, WaitKind::woken);
    EXPECT_THAT(
        StateModel::of(parsed()).of(tid(a)),
        ElementsAre("Running 1000000-3000000", "R+ 3000000-3000001", "Running 3000001-3000001",
                    "? 3000001-3500000", "R 3500000-4000000", "Running 4000000-"));
}

// Where nothing is missing, a long wait is a long wait.
TEST_F(PerfettoWriter, WithoutAGapNothingIsCut) {
    run(0, 1'000'000, 2'000'000, a, Left::preempted);
    run(0, 2'000'000, 8'000'000, b, Left::asleep);
    arrive(0, 8'000'000, 500'000, a, WaitKind::preempted);
    run(0, 8'000'000, 9'000'000, a, Left::asleep);
    EXPECT_EQ(StateModel::of(parsed()).sum(tid(a), "R+"), 6'000'000U);
}

TEST_F(PerfettoWriter, WhoCameBeforeAGapDidArrive) {
    run(0, 100, 200, b, Left::asleep);
    arrive(0, 200, 50, a, WaitKind::woken);
    run(0, 800, 900, b, Left::asleep, Seen::after_gap);
    const States states = StateModel::of(parsed());
    EXPECT_THAT(states.of(tid(a)), ElementsAre("R 150-200", "Running 200-200", "? 200-"));
    EXPECT_EQ(states.sum(gap_tid, "Running"), 600U);
}

// Switches of some tasks are hidden from BPF: one comes, and another one leaves.
TEST_F(PerfettoWriter, AnArrivalWithoutADepartureEndsItsWait) {
    run(0, 100, 200, b, Left::asleep);
    arrive(0, 200, 50, a, WaitKind::woken);
    run(0, 200, 300, c, Left::asleep);
    const States states = StateModel::of(parsed());
    EXPECT_THAT(states.of(tid(a)), ElementsAre("R 150-200", "Running 200-200", "? 200-"));
    EXPECT_THAT(states.of(tid(c)), ElementsAre("Running 200-300", "S 300-"));
}

TEST_F(PerfettoWriter, WhoCameLastRunsOn) {
    run(0, 100, 200, b, Left::asleep);
    arrive(0, 200, 50, a, WaitKind::woken);
    EXPECT_THAT(StateModel::of(parsed()).of(tid(a)), ElementsAre("R 150-200", "Running 200-"));
}

TEST_F(PerfettoWriter, AWaitIsASliceWithItsLedger) {
    run(0, 100, 180, b, Left::preempted);
    run(0, 180, 190, idle, Left::unknown);
    Wait wait = waiting(0, 200, 100, a, WaitKind::woken);
    wait.cause = Cause::contention;
    wait.why = {part(b, 80), part(PartKind::idle, 10), part(PartKind::elsewhere, 10)};
    wait.stamped = false;
    wait.complete = false;
    wait.waker = Waker{c, 2, true};
    arrive(wait);
    const Trace trace = parsed();
    const Slices slices = SliceModel::of(trace);
    const auto waits = slices.named("wait: ");
    ASSERT_THAT(waits, SizeIs(1));
    EXPECT_EQ(waits[0].name, "wait: contention");
    EXPECT_EQ(waits[0].ts, 100U);
    EXPECT_EQ(waits[0].dur, 100U);
    EXPECT_EQ(trace.tracks.at(waits[0].track), (Track{1, 10, ""}));
    EXPECT_EQ(waits[0].args, (Args{{"cause", "contention"},
                                   {"kind", "woken"},
                                   {"wait_ns", "100"},
                                   {"cpu", "0"},
                                   {"ledger", ""},
                                   {"ledger.bee (20)", "80"},
                                   {"ledger.idle", "10"},
                                   {"ledger.elsewhere", "10"},
                                   {"stamped", "false"},
                                   {"complete", "false"},
                                   {"waker", "an interrupt on CPU 2"}}));
}

// Another consumer may have asked for more names.
TEST_F(PerfettoWriter, ALedgerNamesSoManyTasksAndSumsToTheWait) {
    named_tasks = 1;
    Wait wait = waiting(0, 200, 100, a, WaitKind::woken);
    wait.why = {part(b, 60), part(c, 30), part(PartKind::irq, 10)};
    arrive(wait);
    const Args args = SliceModel::of(parsed()).named("wait: ").at(0).args;
    EXPECT_EQ(args.at("ledger.others"), "30");
    EXPECT_EQ(args.count("ledger.sea (30)"), 0U);
    EXPECT_EQ(ledger_ns(args), 100U);
}

// Such as one that inherited a priority for a while.
TEST_F(PerfettoWriter, ATaskOfTwoRanksHasTwoParts) {
    Wait wait = waiting(0, 200, 100, a, WaitKind::woken);
    wait.why = {part(b, 60), part(b, 40)};
    wait.why[1].prio = 98;
    arrive(wait);
    const Args args = SliceModel::of(parsed()).named("wait: ").at(0).args;
    EXPECT_EQ(args.at("ledger.bee (20)"), "60");
    EXPECT_EQ(args.at("ledger.bee (20) prio 98"), "40");
}

// An arrow begins in the earlier slice, and only where it has begun can it end.
TEST_F(PerfettoWriter, FlowsJoinTheCulpritsRunAndTheWait) {
    run(0, 100, 200, c, Left::preempted);
    run(0, 200, 700, b, Left::asleep);
    arrive_because(0, 700, 600, a, {part(b, 500), part(c, 100)});
    run(0, 700, 800, a, Left::asleep);
    arrive_because(0, 800, 550, c, {part(b, 450), part(a, 100)});
    const Trace trace = parsed();
    const Slices slices = SliceModel::of(trace);
    EXPECT_EQ(slices.flows_of_nothing + slices.ends_of_nothing + slices.unfinished, 0U);
    ASSERT_THAT(slices.flows, SizeIs(2));  // of one run
    for (const Flow& flow : slices.flows) {
        const Slice& from = slices.all[flow.from];
        const Slice& to = slices.all[flow.to];
        EXPECT_EQ(from.name, "delays a wait");
        EXPECT_EQ(trace.tracks.at(from.track).tid, 20);
        EXPECT_EQ(from.ts, 200U);
        EXPECT_EQ(to.name, "bee (20)");
        EXPECT_EQ(to.depth, 1U);  // in the wait
        EXPECT_EQ(to.ts + to.dur, 700U);
    }
    EXPECT_EQ(slices.all[slices.flows[0].from].args.at("victim"), "ay (10)");
    EXPECT_EQ(slices.all[slices.flows[1].to].dur, 450U);
}

// What had the CPU for the most of it is no task, or is not remembered.
TEST_F(PerfettoWriter, NoFlowIsInvented) {
    run(0, 100, 140, b, Left::asleep);
    run(0, 140, 200, idle, Left::unknown);
    arrive_because(0, 200, 100, a, {part(PartKind::idle, 60), part(b, 40)});
    run(0, 200, 300, a, Left::asleep);
    arrive_because(0, 300, 100, b, {part(c, 100)});
    const Slices slices = SliceModel::of(parsed());
    EXPECT_THAT(slices.flows, IsEmpty());
    EXPECT_EQ(slices.flows_of_nothing + slices.unfinished, 0U);
    EXPECT_THAT(slices.named("wait: "), SizeIs(2));
}

TEST_F(PerfettoWriter, SlicesNestThoughClocksDiffer) {
    arrive(0, 200, 100, a, WaitKind::woken);
    arrive(1, 260, 70, a, WaitKind::preempted);  // 10 ns before the one before ended
    const Slices slices = SliceModel::of(parsed());
    const auto waits = slices.named("wait: ");
    ASSERT_THAT(waits, SizeIs(2));
    EXPECT_EQ(waits[1].ts, 200U);
    EXPECT_EQ(waits[1].dur, 60U);
    EXPECT_EQ(waits[1].depth, 0U);
    EXPECT_EQ(waits[1].args.at("wait_ns"), "70");
}

TEST_F(PerfettoWriter, NamesAreUtf8WhateverTasksCallThemselves) {
    const TaskId hostile{40, 40, Comm::from("\xff\xc3(\x1b[2J")};
    names.learn(ProcessInfo{40, hostile.comm, 1, {}});
    run(0, 100, 200, hostile, Left::asleep);
    arrive_because(0, 200, 100, a, {part(hostile, 100)});
    run(0, 200, 300, a, Left::asleep);
    arrive(0, 300, 50, hostile, WaitKind::woken);
    const Trace trace = parsed();
    std::vector<std::string> texts{trace.threads.at(40).name, trace.processes.at(40).name};
    for (const SchedEvent& event : trace.sched) {
        texts.push_back(event.woke ? event.woke->comm : event.switched->comm);
    }
    for (const TrackEvent& event : trace.events) {
        texts.push_back(event.name);
        for (const auto& [key, value] : event.args) {
            texts.push_back(key);
            texts.push_back(value);
        }
    }
    for (const std::string& text : texts) {
        EXPECT_EQ(util::valid_utf8(text), text);
    }
}

TEST_F(PerfettoWriter, ThreadsHaveNamesAndProcesses) {
    run(0, 100, 200, a, Left::asleep);
    names.learn(ProcessInfo{1, Comm::from("main"), 7, {}});  // told late
    TaskId renamed = a;
    renamed.comm = Comm::from("renamed");
    run(0, 200, 300, renamed, Left::asleep);
    run(0, 300, 400, c, Left::asleep);  // a main thread of a process that was not told
    const Trace trace = parsed();
    EXPECT_EQ(trace.threads.at(10).name, "renamed");
    EXPECT_EQ(trace.threads.at(10).tgid, 1);
    EXPECT_EQ(trace.processes.at(1).name, "main");
    EXPECT_EQ(trace.processes.at(1).ppid, 7);
    EXPECT_EQ(trace.processes.at(30).name, "sea");
}

// A second track of a thread would be another thread to Perfetto.
TEST_F(PerfettoWriter, AForgottenThreadComesBackAsTheSame) {
    const TaskId other{static_cast<std::uint32_t>(10 + Threads::places), 5, Comm::from("other")};
    for (std::uint64_t i = 0; i < 3; ++i) {
        arrive(0, 200 + 100 * i, 10, a, WaitKind::woken);
        arrive(0, 250 + 100 * i, 10, other, WaitKind::woken);
    }
    const Trace trace = parsed();
    EXPECT_EQ(trace.tracks_told, 6U);  // the table has one place for both
    EXPECT_THAT(trace.tracks, SizeIs(2));
    EXPECT_EQ(trace.conflicting_tracks, 0U);
}

TEST_F(PerfettoWriter, ABundleTakesManyNames) {
    constexpr std::uint32_t tasks = 5'000;
    for (std::uint32_t i = 0; i < tasks; ++i) {
        const TaskId task{100 + i, 100 + i, Comm::from("t" + std::to_string(100 + i))};
        run(0, 100 + 10 * std::uint64_t{i}, 110 + 10 * std::uint64_t{i}, task, Left::asleep);
    }
    const Trace trace = parsed();
    std::size_t seen = 0;
    for (const SchedEvent& event : trace.sched) {
        const Switch& one = event.switched.value();
        if (one.next_tid < gap_tid) {
            ++seen;
            EXPECT_EQ(one.comm, "t" + std::to_string(one.next_tid));
        }
    }
    EXPECT_EQ(seen, tasks);
    const States states = StateModel::of(trace);
    EXPECT_EQ(states.sum(100, "Running") + states.sum(100 + tasks - 1, "Running"), 20U);
}

// Perfetto refuses a trace that names a higher one.
TEST_F(PerfettoWriter, CpusFrom1024OnHaveNoTrack) {
    run(SchedTracks::most_cpus, 100, 200, b, Left::preempted);
    arrive(SchedTracks::most_cpus, 200, 50, a, WaitKind::woken);
    const Trace trace = parsed();
    EXPECT_THAT(trace.sched, IsEmpty());
    EXPECT_THAT(SliceModel::of(trace).named("wait: "), SizeIs(1));
}

TEST_F(PerfettoWriter, WithoutPublishNothingIsLeft) {
    run(0, 100, 200, a, Left::asleep);
    forget();
    EXPECT_TRUE(folder_is_empty());
}

}  // namespace
}  // namespace rqs::perfetto
