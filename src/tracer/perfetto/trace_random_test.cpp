// SPDX-License-Identifier: BSD-2-Clause
// Whatever a recording says, and however its clocks go: the trace holds together.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "perfetto/hand_made_for_test.h"
#include "perfetto/model_for_test.h"
#include "record/random_records_for_test.h"
#include "session/session.h"
#include "util/safe_text.h"

namespace rqs::perfetto {
namespace {

using namespace perfetto_for_test;

/// What a report would sum up.
class Totals final : public Consumer {
  public:
    void wait(const Wait& wait) override {
        ++waits;
        wait_ns += wait.wait_ns;
    }
    std::uint64_t waits = 0;
    std::uint64_t wait_ns = 0;
};

class RandomTrace : public HandMade, public testing::WithParamInterface<int> {
  protected:
    void play(std::uint32_t steps) {
        Session::Setup setup;
        setup.cpus = 3;
        setup.began_ns = 50;
        Session session(setup, {&writer(), &totals});
        session.begin();
        record::RandomRecords records(static_cast<std::uint64_t>(GetParam()));
        for (std::uint32_t i = 0; i < steps; ++i) {
            records.step(session);
        }
        session.end(UINT64_MAX / 2, {});
        trace = parsed_at_end();
    }

    Totals totals;
    Trace trace;
};

TEST_P(RandomTrace, SlicesNestAndFlowsJoinAndSumsAreTheReports) {
    play(3'000);
    const Slices slices = SliceModel::of(trace);
    EXPECT_EQ(slices.ends_of_nothing, 0U);
    EXPECT_EQ(slices.flows_of_nothing, 0U);
    EXPECT_EQ(slices.unfinished, 0U);
    EXPECT_EQ(trace.conflicting_tracks, 0U);
    EXPECT_FALSE(slices.flows.empty());
    std::uint64_t wait_ns = 0;
    std::uint64_t in_ledgers_ns = 0;
    for (const Slice& slice : slices.named("wait: ")) {
        const std::uint64_t ns = std::stoull(slice.args.at("wait_ns"));
        EXPECT_LE(slice.dur, ns);
        wait_ns += ns;
        in_ledgers_ns += ledger_ns(slice.args);
    }
    EXPECT_EQ(slices.named("wait: ").size(), totals.waits);
    EXPECT_EQ(wait_ns, totals.wait_ns);
    EXPECT_EQ(in_ledgers_ns, totals.wait_ns);
}

TEST_P(RandomTrace, EachCpuGoesOnInTimeAndNamesAreUtf8) {
    play(3'000);
    for (const SchedEvent& event : trace.sched) {
        const std::string& comm = event.woke ? event.woke->comm : event.switched->comm;
        EXPECT_EQ(util::valid_utf8(comm), comm);
    }
    for (const auto& [tid, thread] : trace.threads) {
        EXPECT_EQ(util::valid_utf8(thread.name), thread.name);
    }
    // A time that went back would be a length beyond all measure.
    for (const State& state : StateModel::of(trace).all) {
        EXPECT_LT(state.dur, UINT64_MAX / 2) << state.name << ' ' << state.tid;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomTrace, testing::Range(1, 9));

}  // namespace
}  // namespace rqs::perfetto
