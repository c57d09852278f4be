// SPDX-License-Identifier: BSD-2-Clause
// A thousand random stories, told to the ledger and to a second implementation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/parts_for_test.h"

namespace rqs {
namespace {

using namespace parts_for_test;

/// A second opinion: looks at every nanosecond of the wait on its own.
class Reference {
  public:
    void run(const Switch& entry) {
        add_seq(entry.seq);
        const bool joined = joined_ && have_end_ && runs_.back().end_ns <= entry.run.end_ns;
        runs_.push_back(entry.run);
        irq_.push_back(joined && entry.run.irq_ns > last_irq_ ? entry.run.irq_ns - last_irq_ : 0);
        starts_.push_back(joined ? runs_[runs_.size() - 2].end_ns : UINT64_MAX);
        last_irq_ = entry.run.irq_ns;
        have_end_ = true;
    }
    void throttling(std::uint32_t seq, std::uint64_t group, std::uint64_t start_ns,
                    std::uint64_t end_ns, bool certain) {
        add_seq(seq);
        have_end_ = have_end_ && joined_;
        throttlings_.push_back({group, start_ns, end_ns, certain});
    }

    /// Irq is shared out by the run, all else is looked up by the nanosecond.
    [[nodiscard]] Parts explain(const Window& window, std::size_t capacity) const {
        Parts parts;
        std::map<std::size_t, std::uint64_t> of_run;
        for (std::uint64_t t = window.start_ns; t < window.end_ns; ++t) {
            const auto run = run_at(t, capacity);
            if (is_throttled(t, window.group, true)) {
                ++parts[of(PartKind::throttled)];
            } else if (!run || is_throttled(t, window.group, false)) {
                ++parts[of(PartKind::unknown)];
            } else {
                ++of_run[*run];
            }
        }
        for (const auto& [index, ns] : of_run) {
            std::uint64_t irq = 0;
            if (starts_[index] != UINT64_MAX) {
                irq = std::min(ns, irq_[index] * ns / (runs_[index].end_ns - starts_[index]));
            }
            parts[of(PartKind::irq)] += irq;
            const auto tid = runs_[index].task.tid;
            parts[tid == 0 ? of(PartKind::idle) : ran(tid)] += ns - irq;
        }
        parts[of(PartKind::elsewhere)] += window.elsewhere_ns;
        std::erase_if(parts, [](const auto& part) { return part.second == 0; });
        return parts;
    }

  private:
    void add_seq(std::uint32_t seq) {
        joined_ = seq == static_cast<std::uint32_t>(last_seq_ + 1);
        last_seq_ = seq;
    }
    [[nodiscard]] bool is_throttled(std::uint64_t t, std::uint64_t group, bool certain) const {
        return group != 0 &&
               std::any_of(throttlings_.begin(), throttlings_.end(), [&](const Throttling& one) {
                   return one.group == group && one.certain == certain && one.start_ns <= t &&
                          t < one.end_ns;
               });
    }
    // The run that had the CPU at `t`, if that was told.
    [[nodiscard]] std::optional<std::size_t> run_at(std::uint64_t t, std::size_t capacity) const {
        for (std::size_t back = 0; back < std::min(capacity, runs_.size()); ++back) {
            const std::size_t index = runs_.size() - 1 - back;
            if (starts_[index] <= t && t < runs_[index].end_ns) {
                return index;
            }
        }
        return std::nullopt;
    }

    std::vector<Run> runs_;
    std::vector<std::uint64_t> irq_;
    std::vector<std::uint64_t> starts_;
    std::vector<Throttling> throttlings_;
    std::uint64_t last_irq_ = 0;
    std::uint32_t last_seq_ = 0;
    bool joined_ = false;
    bool have_end_ = false;
};

/// The same random story told to the timeline and to the reference.
class Story {
  public:
    explicit Story(std::uint32_t seed) : random_(seed) {}

    void tell_one() {
        seq_ += chance(10) ? 1 + static_cast<std::uint32_t>(upto(3)) : 1;
        if (chance(15)) {
            const std::uint64_t total = upto(60);
            const std::uint64_t ago = upto(80);
            const std::uint64_t group = 1 + upto(1);
            ThrottleLook look{seq_,  group, clock_ns_,
                              total, ago,   clock_ns_ - std::min(clock_ns_, upto(90))};
            if (chance(20)) {
                look.total_ns.reset();
            }
            timeline.add_throttling(look);
            const Throttling& placed = timeline.throttlings().back();
            reference.throttling(seq_, group, placed.start_ns, placed.end_ns, placed.certain);
            return;
        }
        tell_run();
    }
    /// The wait ends with a run of its own.
    void tell_wait() {
        ++seq_;
        tell_run();
        window.end_ns = clock_ns_;
        window.start_ns = clock_ns_ - std::min(clock_ns_, upto(300));
        window.elsewhere_ns = chance(30) ? upto(200) : 0;
        window.group = upto(2);
        wait.wait_ns = window.end_ns - window.start_ns + window.elsewhere_ns;
    }

    static constexpr std::size_t capacity = 16;
    Timeline timeline{capacity};
    Reference reference;
    Window window;
    Wait wait;

  private:
    std::uint64_t upto(std::uint64_t most) {
        return std::uniform_int_distribution<std::uint64_t>(0, most)(random_);
    }
    bool chance(std::uint64_t percent) { return upto(99) < percent; }

    void tell_run() {
        clock_ns_ += upto(40);
        irq_ns_ += chance(30) ? upto(30) : 0;
        Switch entry;
        entry.seq = seq_;
        entry.run.end_ns = clock_ns_;
        entry.run.irq_ns = irq_ns_;
        // Some tids share a place in the ledger's table.
        entry.run.task.tid = static_cast<std::uint32_t>(upto(3) + 1024 * upto(2));
        timeline.add(entry);
        reference.run(entry);
    }

    std::mt19937 random_;
    std::uint32_t seq_ = 4'294'967'270U;
    std::uint64_t clock_ns_ = 1000;
    std::uint64_t irq_ns_ = 0;
};

TEST(Ledger, AgreesWithASecondOpinionByTheNanosecond) {
    std::map<PartKind, int> met;
    for (std::uint32_t seed = 0; seed < 1000; ++seed) {
        SCOPED_TRACE(seed);
        Story story(seed);
        Ledger ledger;
        for (int wait = 0; wait < 5; ++wait) {
            for (int i = 0; i < 8; ++i) {
                story.tell_one();
            }
            story.tell_wait();
            ledger.explain(story.timeline, story.window, story.wait);
            expect_conserved(story.wait);
            const Parts expected = story.reference.explain(story.window, Story::capacity);
            ASSERT_EQ(to_text(parts_of(story.wait)), to_text(expected));
            for (const auto& [key, ns] : expected) {
                ++met[key.first];
            }
        }
        if (HasFailure()) {
            break;
        }
    }
    // The stories are worth telling only if they meet everything.
    for (const auto kind : {PartKind::ran, PartKind::idle, PartKind::throttled, PartKind::elsewhere,
                            PartKind::irq, PartKind::unknown}) {
        EXPECT_GT(met[kind], 100) << name(kind);
    }
}

}  // namespace
}  // namespace rqs
