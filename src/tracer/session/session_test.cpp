// SPDX-License-Identifier: BSD-2-Clause
#include "session/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace rqs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t us = 1000;

/// A switch of CPU 0 from `hog` to `tid`, which waited for `here_ns`.
Switch brings(std::uint32_t tid, std::uint64_t clock_ns, std::uint64_t here_ns) {
    Switch record;
    record.clock_ns = clock_ns;
    record.follows = true;
    record.task = {21, 20, Comm::from("hog")};
    Arrival& came = record.came.emplace();
    came.ts_ns = 1'000'000'000 + clock_ns;
    came.here_ns = here_ns;
    came.task = {tid, tid / 10 * 10, Comm::from("victim")};
    return record;
}

/// A switch that brings nobody whose wait is kept.
Switch without_wait(std::uint64_t clock_ns) {
    Switch record = brings(0, clock_ns, 0);
    record.came.reset();
    return record;
}

/// Keeps what it is given; writes each call's name down, with `name` before it.
class Keeper final : public Consumer {
  public:
    explicit Keeper(Needs needs = {}) : needs_(needs) {}

    [[nodiscard]] Needs needs() const override { return needs_; }
    void begin(const RunInfo& info) override { began = info; }
    void ran(const Ran& ran) override {
        runs.push_back(ran);
        note("ran");
    }
    void wait(const Wait& wait) override {
        waits.push_back(wait);
        note("wait");
    }
    void stuck(const Stuck& stuck) override { stucks.push_back(stuck); }
    void interval(const Interval& interval) override { intervals.push_back(interval); }
    void loss(const Loss& loss) override { losses.push_back(loss); }
    void clock(const ClockReading& reading) override { clocks.push_back(reading); }
    void reached(std::uint64_t now_ns) override { reached_ns = now_ns; }
    void end(const RunEnd& end) override { ended = end; }
    Status flush() override {
        note("flush");
        return broken ? Status(fail(name + " is full")) : Status();
    }
    [[nodiscard]] bool done() const override { return enough; }

    [[nodiscard]] std::vector<std::uint32_t> tids() const {
        std::vector<std::uint32_t> all;
        for (const Wait& wait : waits) {
            all.push_back(wait.task.tid);
        }
        return all;
    }

    RunInfo began;
    RunEnd ended;
    std::vector<Ran> runs;
    std::vector<Wait> waits;
    std::vector<Stuck> stucks;
    std::vector<Interval> intervals;
    std::vector<Loss> losses;
    std::vector<ClockReading> clocks;
    std::uint64_t reached_ns = 0;
    bool enough = false;
    bool broken = false;
    std::string name;
    std::vector<std::string>* calls = nullptr;

  private:
    void note(const char* what) const {
        if (calls != nullptr) {
            calls->push_back(name + what);
        }
    }
    Needs needs_;
};

Needs parts_of(std::uint32_t named_tasks) {
    Needs needs;
    needs.parts = true;
    needs.named_tasks = named_tasks;
    return needs;
}

Needs stretches() {
    Needs needs;
    needs.stretches = true;
    return needs;
}

TEST(Session, EveryConsumerGetsEveryWaitInOrder) {
    Keeper first;
    Keeper second;
    Session session({}, {&first, &second});
    session.begin();
    session.on_switch(brings(11, 10 * us, 5 * us));
    session.on_switch(without_wait(20 * us));
    session.on_switch(brings(12, 30 * us, 25 * us));
    EXPECT_THAT(first.tids(), ElementsAre(11, 12));
    EXPECT_THAT(second.tids(), ElementsAre(11, 12));
    EXPECT_EQ(session.kept(), 2U);
}

TEST(Session, ConsumersAreCalledInTheirOrder) {
    std::vector<std::string> calls;
    Keeper first(stretches());
    Keeper second;
    first.calls = second.calls = &calls;
    first.name = "1 ";
    second.name = "2 ";
    Session session({}, {&first, &second});
    session.on_switch(brings(11, 10 * us, 5 * us));
    EXPECT_TRUE(session.flush());
    EXPECT_THAT(calls, ElementsAre("1 ran", "2 ran", "1 wait", "2 wait", "1 flush", "2 flush"));
}

TEST(Session, SaysWhatIsKnownWhenItBegins) {
    Session::Setup setup;
    setup.min_us = 7;
    setup.cpus = 4;
    setup.sampled = true;
    setup.began_ns = 123;
    setup.realtime_offset_ns = -5;
    Keeper keeper;
    Session session(setup, {&keeper});
    session.begin();
    EXPECT_EQ(keeper.began.min_us, 7U);
    EXPECT_EQ(keeper.began.cpus, 4U);
    EXPECT_TRUE(keeper.began.sampled);
    EXPECT_EQ(keeper.began.began_ns, 123U);
    EXPECT_EQ(keeper.began.realtime_offset_ns, -5);
    EXPECT_EQ(keeper.began.runs_kept, runs_kept(4));
    EXPECT_EQ(keeper.began.names, &session.names());
}

TEST(Session, NeedsAreMerged) {
    Needs names;
    names.process_names = true;
    names.named_tasks = 9;
    Needs cgroups = stretches();
    cgroups.cgroup_names = true;
    Keeper first(names);
    Keeper second(cgroups);
    Keeper third(parts_of(3));
    const Session session({}, {&first, &second, &third});
    EXPECT_TRUE(session.needs().parts);
    EXPECT_EQ(session.needs().named_tasks, 9U);
    EXPECT_TRUE(session.needs().stretches);
    EXPECT_TRUE(session.needs().process_names);
    EXPECT_TRUE(session.needs().cgroup_names);
}

TEST(Session, WhatNobodyNeedsIsNotComputed) {
    Keeper modest;
    const Session session({}, {&modest});
    EXPECT_FALSE(session.needs().explanation());
    EXPECT_FALSE(session.wants_runs());
    EXPECT_FALSE(session.needs().process_names);
    EXPECT_FALSE(session.needs().cgroup_names);
    EXPECT_EQ(session.needs().named_tasks, 0U);
}

TEST(Session, AWaitIsExplainedAsFarAsSomebodyNeeds) {
    for (const bool in_parts : {false, true}) {
        Needs sums;
        sums.sums = true;
        Keeper keeper(in_parts ? parts_of(1) : sums);
        Session session({}, {&keeper});
        session.on_switch(without_wait(10 * us));
        session.on_switch(brings(11, 30 * us, 20 * us));
        ASSERT_EQ(keeper.waits.size(), 1U);
        const Wait& wait = keeper.waits[0];
        EXPECT_EQ(wait.ts_ns, 1'000'030'000U);
        EXPECT_EQ(wait.wait_ns, 20 * us);
        EXPECT_EQ(wait.prev.tid, 21U);
        EXPECT_EQ(wait.cause, Cause::contention);
        EXPECT_EQ(wait.sums.contention_ns, 20 * us);
        EXPECT_THAT(wait.stretches, IsEmpty());
        ASSERT_EQ(wait.why.size(), in_parts ? 1U : 0U);
        if (in_parts) {
            EXPECT_EQ(wait.why[0].task.tid, 21U);
            EXPECT_EQ(wait.why[0].ns, 20 * us);
        }
    }
}

TEST(Session, AWaitThatNobodyWantsExplainedIsHandedOnAsItCame) {
    Keeper keeper;
    Session session({}, {&keeper});
    session.on_switch(without_wait(10 * us));
    session.on_switch(brings(11, 30 * us, 20 * us));
    ASSERT_EQ(keeper.waits.size(), 1U);
    EXPECT_EQ(keeper.waits[0].wait_ns, 20 * us);
    EXPECT_EQ(keeper.waits[0].prev.tid, 21U);
    EXPECT_EQ(keeper.waits[0].cause, Cause::unknown);
    EXPECT_EQ(keeper.waits[0].sums.contention_ns, 0U);
}

TEST(Session, EveryRunIsHandedOnWhereSomebodyNeedsStretches) {
    Keeper wants(stretches());
    Keeper gets_too;
    Session session({}, {&wants, &gets_too});
    session.on_switch(without_wait(10 * us));
    session.on_switch(brings(11, 30 * us, 20 * us));
    ASSERT_EQ(wants.runs.size(), 2U);
    EXPECT_EQ(wants.runs[0].ran_ns, 0U);  // since when is not known
    EXPECT_EQ(wants.runs[1].position, 1U);
    EXPECT_EQ(wants.runs[1].ran_ns, 20 * us);
    EXPECT_EQ(gets_too.runs.size(), 2U);
    ASSERT_EQ(wants.waits.at(0).stretches.size(), 1U);
    EXPECT_EQ(wants.waits[0].stretches[0].last, 1U);
}

TEST(Session, NoRunsWhereNobodyNeedsThem) {
    Keeper keeper(parts_of(6));
    Session session({}, {&keeper});
    session.on_switch(brings(11, 10 * us, 5 * us));
    EXPECT_THAT(keeper.runs, IsEmpty());
}

// A throttle look explains the wait of the switch behind it.
TEST(Session, ThrottleLooksReachTheLedger) {
    Keeper keeper(parts_of(1));
    Session session({}, {&keeper});
    session.on_switch(without_wait(10 * us));
    ThrottleLook look;
    look.group = 5;
    look.found_ns = 30 * us;
    look.total_ns = look.ago_ns = 15 * us;
    session.on_throttle(look);
    Switch record = brings(11, 30 * us, 20 * us);
    record.came->group = 5;
    session.on_switch(record);
    EXPECT_EQ(keeper.waits.at(0).sums.throttled_ns, 15 * us);
    EXPECT_EQ(keeper.waits.at(0).cause, Cause::throttled);
}

TEST(Session, EndsAfterSoManyWaits) {
    Session::Setup setup;
    setup.count = 2;
    Keeper keeper;
    Session session(setup, {&keeper});
    session.on_switch(brings(11, 10 * us, us));
    EXPECT_FALSE(session.done());
    session.on_stuck({});  // a wait that goes on does not count
    EXPECT_FALSE(session.done());
    session.on_switch(brings(12, 20 * us, us));
    EXPECT_TRUE(session.done());
    session.on_switch(brings(13, 30 * us, us));
    session.on_stuck({});
    session.on_interval({});
    EXPECT_THAT(keeper.tids(), ElementsAre(11, 12));
    EXPECT_EQ(keeper.stucks.size(), 1U);
    EXPECT_THAT(keeper.intervals, IsEmpty());
    EXPECT_EQ(session.kept(), 2U);
}

TEST(Session, IntervalsCountLikeWaits) {
    Session::Setup setup;
    setup.count = 2;
    Keeper keeper;
    Session session(setup, {&keeper});
    Interval interval;
    interval.waits = 20;
    session.on_interval(interval);
    EXPECT_FALSE(session.done());
    session.on_interval(interval);
    session.on_interval(interval);
    EXPECT_TRUE(session.done());
    EXPECT_EQ(keeper.intervals.size(), 2U);
    EXPECT_EQ(session.kept(), 40U);
}

TEST(Session, IntervalsAreLeftOutLikeWaits) {
    Keeper keeper;
    Session session({}, {&keeper});
    session.leave_out({10});
    Interval interval;
    interval.waits = 20;
    interval.task.pid = 10;
    session.on_interval(interval);
    session.end(0, {});
    EXPECT_THAT(keeper.intervals, IsEmpty());
    EXPECT_EQ(keeper.ended.counters.left_out, 20U);
}

TEST(Session, NoneIsWantedWithACountOfNothing) {
    Session::Setup setup;
    setup.count = 0;
    Keeper keeper;
    Session session(setup, {&keeper});
    EXPECT_TRUE(session.done());
    session.on_switch(brings(11, 10 * us, us));
    EXPECT_THAT(keeper.waits, IsEmpty());
}

TEST(Session, AnyConsumerEndsIt) {
    Keeper first;
    Keeper second;
    Session session({}, {&first, &second});
    session.on_switch(brings(11, 10 * us, us));
    second.enough = true;
    EXPECT_TRUE(session.done());
    session.on_switch(brings(12, 20 * us, us));
    EXPECT_THAT(first.tids(), ElementsAre(11));
    EXPECT_EQ(session.kept(), 1U);
}

TEST(Session, WhatIsLeftOutIsCountedAndExplainsOthers) {
    Keeper keeper(parts_of(1));
    Session session({}, {&keeper});
    session.leave_out({10, 50});
    session.on_switch(brings(11, 10 * us, us));  // a thread of process 10
    session.on_switch(brings(31, 30 * us, 20 * us));
    session.on_switch(brings(55, 40 * us, us));
    Stuck stuck;
    stuck.task.pid = 50;
    session.on_stuck(stuck);
    EXPECT_THAT(keeper.tids(), ElementsAre(31));
    EXPECT_EQ(keeper.waits[0].why.at(0).ns, 20 * us) << "the switch itself is known all the same";
    EXPECT_THAT(keeper.stucks, IsEmpty());
    session.end(99, {});
    EXPECT_EQ(keeper.ended.counters.kept, 1U);
    EXPECT_EQ(keeper.ended.counters.left_out, 2U);
}

TEST(Session, FiltersAreAppliedAndAreNoLoss) {
    Filters filters;
    filters.tids = {12, 31};
    Session::Setup setup;
    setup.filters = &filters;
    setup.count = 2;
    Keeper keeper;
    Session session(setup, {&keeper});
    session.leave_out({20});
    for (const std::uint32_t tid : {11U, 12U, 13U, 22U, 31U}) {
        session.on_switch(brings(tid, tid * us, us));
    }
    EXPECT_THAT(keeper.tids(), ElementsAre(12, 31));
    EXPECT_TRUE(session.done());
    session.end(0, {});
    EXPECT_EQ(keeper.ended.counters.kept, 2U);
    EXPECT_EQ(keeper.ended.counters.left_out, 0U) << "what is not wanted cannot be left out";
}

TEST(Session, CgroupFiltersKnowWhatTheSourceTold) {
    Filters filters;
    filters.cgroup_path = "/web";
    Session::Setup setup;
    setup.filters = &filters;
    Keeper keeper;
    Session session(setup, {&keeper});
    Switch record = brings(11, 10 * us, us);
    record.came->cgroup_id = 7;
    session.on_switch(record);
    EXPECT_THAT(keeper.waits, IsEmpty());
    session.on_cgroup({7, "/web/nginx", {}, 0, 0, ""});
    session.on_switch(record);
    EXPECT_THAT(keeper.tids(), ElementsAre(11));
}

TEST(Session, AStuckTaskGetsItsCause) {
    Keeper keeper;
    Session session({}, {&keeper});
    Stuck stuck;
    stuck.task = {11, 10, Comm::from("victim")};
    stuck.running = {21, 20, Comm::from("hog")};
    session.on_stuck(stuck);
    stuck.throttled = true;
    session.on_stuck(stuck);
    ASSERT_EQ(keeper.stucks.size(), 2U);
    EXPECT_EQ(keeper.stucks[0].cause, Cause::contention);
    EXPECT_EQ(keeper.stucks[1].cause, Cause::throttled);
    EXPECT_EQ(session.kept(), 0U) << "the wait itself comes when it ends";
}

TEST(Session, NamesThatWereToldAreKnown) {
    Keeper keeper;
    Session session({}, {&keeper});
    session.begin();
    EXPECT_EQ(keeper.began.names->process(70), nullptr);
    session.on_process({70, Comm::from("nginx"), 1, Comm::from("systemd")});
    session.on_cgroup({7, "/web", {}, 0, 0, ""});
    ASSERT_NE(keeper.began.names->process(70), nullptr);
    EXPECT_EQ(keeper.began.names->process(70)->comm.view(), "nginx");
    ASSERT_NE(keeper.began.names->cgroup(7), nullptr);
    EXPECT_EQ(keeper.began.names->cgroup(7)->path, "/web");
}

TEST(Session, LossesClocksAndTimeArePassedOnToTheEnd) {
    Session::Setup setup;
    setup.count = 0;  // even when nothing more is wanted: they say what the rest is worth
    Keeper first;
    Keeper second;
    Session session(setup, {&first, &second});
    session.on_loss({3, 100, 200, 17});
    session.on_clock({50, -7});
    session.on_reached(999);
    for (const Keeper* keeper : {&first, &second}) {
        ASSERT_EQ(keeper->losses.size(), 1U);
        EXPECT_EQ(keeper->losses[0].lost, 17U);
        EXPECT_EQ(keeper->losses[0].cpu, 3U);
        ASSERT_EQ(keeper->clocks.size(), 1U);
        EXPECT_EQ(keeper->clocks[0].realtime_offset_ns, -7);
        EXPECT_EQ(keeper->reached_ns, 999U);
    }
}

TEST(Session, TheEndHasTheSourcesCountersAndItsOwn) {
    Keeper keeper;
    Session session({}, {&keeper});
    session.on_switch(brings(11, 10 * us, us));
    Counters counters;
    counters.seen = 100;
    counters.kept = 77;  // what the kernel side kept; some of it may not have been handed on
    counters.lost = 5;
    counters.unverified = 6;
    counters.late = 7;
    counters.left_out = 88;
    session.end(4321, counters);
    EXPECT_EQ(keeper.ended.ended_ns, 4321U);
    EXPECT_EQ(keeper.ended.counters.seen, 100U);
    EXPECT_EQ(keeper.ended.counters.kept, 1U);
    EXPECT_EQ(keeper.ended.counters.lost, 5U);
    EXPECT_EQ(keeper.ended.counters.unverified, 6U);
    EXPECT_EQ(keeper.ended.counters.late, 7U);
    EXPECT_EQ(keeper.ended.counters.left_out, 0U);
}

TEST(Session, FlushSaysTheFirstErrorAndSparesNobody) {
    std::vector<std::string> calls;
    Keeper first;
    Keeper second;
    Keeper third;
    first.calls = second.calls = third.calls = &calls;
    first.name = "1 ";
    second.name = "2 ";
    third.name = "3 ";
    Session session({}, {&first, &second, &third});
    EXPECT_TRUE(session.flush());
    second.broken = third.broken = true;
    calls.clear();
    const Status flushed = session.flush();
    ASSERT_FALSE(flushed);
    EXPECT_EQ(flushed.error().message, "2  is full");
    EXPECT_THAT(calls, ElementsAre("1 flush", "2 flush", "3 flush"));
}

// What the ledger filled in for one wait must not be seen in the next, whose memory is the same.
TEST(Session, NothingOfTheWaitBeforeStaysInTheNext) {
    Keeper keeper(parts_of(6));
    Session session({}, {&keeper});
    session.on_switch(without_wait(10 * us));
    Switch full = brings(11, 30 * us, 20 * us);
    full.came->stamped = full.came->complete = false;
    full.came->waker.emplace();
    full.came->policy = Policy::fifo;
    session.on_switch(full);
    session.on_switch(brings(12, 40 * us, 0));
    const Wait& wait = keeper.waits.at(1);
    EXPECT_TRUE(wait.stamped);
    EXPECT_TRUE(wait.complete);
    EXPECT_FALSE(wait.waker);
    EXPECT_EQ(wait.policy, Policy::other);
    EXPECT_THAT(wait.why, IsEmpty());
    EXPECT_EQ(wait.sums.ran_ns(), 0U);
}

}  // namespace
}  // namespace rqs
