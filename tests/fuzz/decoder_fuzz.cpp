// SPDX-License-Identifier: BSD-2-Clause
// Bytes → ring → CpuDecoder → Explainer. The first byte chooses how many runs the explainer
// remembers (2 to 256), the second where in the ring the slots begin; each 64 bytes behind them are
// a slot (contract/wire.h). Whatever the slots say: what comes out ends its names, adds up, and
// stays within what is remembered.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "decode/cpu_decoder.h"
#include "ledger/explainer.h"

namespace {

constexpr std::uint32_t cpu = 1;
constexpr std::uint32_t named_tasks = 4;

void demand(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "broken: %s\n", what);
        std::abort();
    }
}

void check_name(const rqs::Comm& comm) {
    demand(comm.bytes.back() == '\0', "a name ends");
}

std::uint64_t added(std::uint64_t sum, std::uint64_t ns) {
    demand(sum + ns >= sum, "a sum does not overflow");
    return sum + ns;
}

std::uint64_t total(const rqs::WaitSums& sums) {
    std::uint64_t all = 0;
    for (const std::uint64_t ns : {sums.throttled_ns, sums.elsewhere_ns, sums.idle_ns, sums.irq_ns,
                                   sums.steal_ns, sums.unknown_ns, sums.self_ns, sums.realtime_ns,
                                   sums.contention_ns, sums.lower_ns, sums.rt_throttled_ns}) {
        all = added(all, ns);
    }
    return all;
}

void check_parts(const rqs::Wait& wait) {
    std::uint64_t sum = 0;
    std::uint64_t ran_ns = 0;
    std::uint64_t before = UINT64_MAX;
    std::uint32_t named = 0;
    for (const auto& part : wait.why) {
        demand(part.ns > 0, "no part is empty");
        demand(part.ns <= before, "the largest part comes first");
        demand(part.count > 0, "a part stands for something");
        demand(part.kind == rqs::PartKind::ran || part.relation == rqs::Relation::none,
               "only who ran has a relation");
        check_name(part.task.comm);
        before = part.ns;
        sum = added(sum, part.ns);
        named += part.kind == rqs::PartKind::ran ? 1U : 0U;
        if (part.kind == rqs::PartKind::ran || part.kind == rqs::PartKind::others) {
            ran_ns += part.ns;
        }
    }
    demand(sum == wait.wait_ns, "parts sum to the wait");
    demand(ran_ns == wait.sums.ran_ns(), "who ran sums to what tasks ran");
    demand(named <= named_tasks, "no more tasks are named than asked for");
}

/// Explains what the decoder hands on, and checks it.
class Checker final : public rqs::RecordHandler {
  public:
    explicit Checker(std::size_t runs_kept)
        : runs_kept_(runs_kept), explainer_({true, named_tasks, true}, runs_kept) {}

    void on_throttle(const rqs::ThrottleLook& look) override {
        demand(look.cpu == cpu, "a look is this CPU's");
        explainer_.add(look);
    }

    void on_switch(const rqs::Switch& record) override {
        demand(record.cpu == cpu, "a switch is this CPU's");
        demand(record.irq_ns < rqs::Switch::counter_span_ns, "counters have 48 bits");
        check_name(record.task.comm);
        const rqs::Ran ran = explainer_.add(record);
        demand(ran.position == runs_ns_.size(), "positions have no holes");
        demand(ran.ran_ns <= record.clock_ns, "nobody ran before the clock began");
        runs_ns_.push_back(ran.ran_ns);
        if (record.came) {
            check_arrival(record, *record.came);
        }
    }

  private:
    void check_arrival(const rqs::Switch& record, const rqs::Arrival& came) {
        check_name(came.task.comm);
        if (came.waker) {
            check_name(came.waker->task.comm);
        }
        rqs::Explainer::describe(record, came, wait_);
        explainer_.explain(record, came, true, wait_);
        demand(total(wait_.sums) == wait_.wait_ns, "sums add up to the wait");
        check_parts(wait_);
        check_stretches();
    }

    // Who reads stretches has the runs (Consumer::ran) and nothing else.
    void check_stretches() const {
        std::uint64_t sum = 0;
        std::uint64_t next = 0;
        const std::uint64_t oldest =
            runs_ns_.size() - std::min<std::uint64_t>(runs_ns_.size(), runs_kept_);
        for (const rqs::Stretch& stretch : wait_.stretches) {
            demand(stretch.first >= oldest, "a stretch reaches no further than is remembered");
            demand(stretch.first <= stretch.last, "a stretch has a run");
            demand(stretch.last < runs_ns_.size(), "a stretch ends with a run that was told");
            demand(stretch.first + 1 >= next, "stretches share a run at most");
            demand(stretch.first_ns <= runs_ns_[stretch.first], "no more than the first run ran");
            demand(stretch.last_ns <= runs_ns_[stretch.last], "no more than the last run ran");
            sum = added(sum, stretch.first_ns);
            for (std::uint64_t at = stretch.first + 1; at < stretch.last; ++at) {
                sum = added(sum, runs_ns_[at]);
            }
            sum = added(sum, stretch.last_ns);
            next = stretch.last + 1;
        }
        demand(sum == wait_.sums.ran_ns() + wait_.sums.idle_ns, "stretches are what ran and idled");
    }

    std::size_t runs_kept_;
    rqs::Explainer explainer_;
    rqs::Wait wait_;  // used again, as a session does
    std::vector<std::uint64_t> runs_ns_;
};

void check_stuck(const std::uint8_t* data, std::size_t size) {
    rqs_stuck raw{};
    if (size < sizeof(raw)) {
        return;
    }
    std::memcpy(&raw, data, sizeof(raw));
    const rqs::Stuck stuck = rqs::decode_stuck(raw);
    check_name(stuck.task.comm);
    check_name(stuck.running.comm);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t choices = 2;
    check_stuck(data, size);
    if (size < choices + sizeof(rqs_slot)) {
        return 0;
    }
    const std::size_t count = (size - choices) / sizeof(rqs_slot);
    std::vector<rqs_slot> slots(std::bit_ceil(count));
    const rqs::SlotRing ring{slots.data(), slots.size() - 1};
    std::uint64_t tail = data[1];
    const std::uint64_t head = tail + count;
    for (std::size_t i = 0; i < count; ++i) {
        std::memcpy(&slots[(tail + i) & ring.mask], data + choices + i * sizeof(rqs_slot),
                    sizeof(rqs_slot));
    }
    // Attached shortly before the moment at which the waits of the seeds end.
    rqs::CpuDecoder decoder(cpu, 987'154);
    Checker checker(std::size_t{2} << (data[0] % 8));
    while (tail != head) {
        const auto group = decoder.look(ring, tail, head);
        demand(!group || group->slots <= head - tail, "a group ends where it is published");
        // After an error the next slot is tried, so that one input holds many cases.
        tail += group && decoder.take(ring, tail, checker) ? group->slots : 1;
    }
    return 0;
}
