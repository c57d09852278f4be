// SPDX-License-Identifier: BSD-2-Clause
// Rings as the kernel side writes them, and a handler that keeps what comes out.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "decode/cpu_decoder.h"

namespace rqs::slots_for_test {

constexpr std::uint64_t mono_ns = 987'654;

template <typename T>
rqs_slot slot_of(const T& record) {
    static_assert(sizeof(T) == sizeof(rqs_slot));
    rqs_slot slot;
    std::memcpy(&slot, &record, sizeof(slot));
    return slot;
}

template <std::size_t size>
void set_comm(char (&to)[size], std::string_view comm) {
    std::memcpy(to, comm.data(), std::min(comm.size(), size));
}

inline rqs_run run_until(std::uint32_t seq, std::uint64_t end_ns, std::uint32_t tid = 31) {
    rqs_run run{};
    run.kind = RQS_KIND_RUN;
    run.prio = 120;
    run.seq = seq;
    run.end_ns = end_ns;
    run.tid = tid;
    run.pid = tid;
    set_comm(run.comm, "hog");
    run.cgroup_id = 3;
    return run;
}

inline rqs_throttle look_at(std::uint32_t seq, std::uint64_t end_ns) {
    rqs_throttle look{};
    look.kind = RQS_KIND_THROTTLE;
    look.seq = seq;
    look.end_ns = end_ns;
    look.group = 0xabc00;
    look.total_ns = 300;
    look.ago_ns = 400;
    look.since_ns = 100;
    return look;
}

/// A wait and the history that is shipped with it; `seq` is that of the switch that ended it.
struct Group {
    rqs_wait_a a{};
    rqs_wait_b b{};
    std::vector<rqs_slot> history;  ///< oldest first

    Group(std::uint32_t seq, std::uint64_t here_ns, std::vector<rqs_slot> slots)
        : history(std::move(slots)) {
        a.kind = RQS_KIND_WAIT_A;
        a.prio = 120;
        a.seq = seq;
        a.mono_ns = mono_ns;
        a.here_ns = here_ns;
        a.tid = 42;
        a.pid = 40;
        set_comm(a.comm, "victim");
        b.kind = RQS_KIND_WAIT_B;
        b.count = static_cast<std::uint16_t>(history.size());
    }
    /// As the kernel side lays a circle out that begins at `first`.
    [[nodiscard]] std::vector<rqs_slot> laid_out(std::uint16_t first = 0) const {
        rqs_wait_b half = b;
        half.first = first;
        std::vector<rqs_slot> slots{slot_of(a), slot_of(half)};
        slots.insert(slots.end(), history.end() - first, history.end());
        slots.insert(slots.end(), history.begin(), history.end() - first);
        return slots;
    }
};

/// What was handed on, and in which order.
class Taker : public RecordHandler {
  public:
    void on_switch(const Switch& record) override {
        switches.push_back(record);
        order += record.came ? 'A' : 'S';
    }
    void on_throttle(const ThrottleLook& look) override {
        looks.push_back(look);
        order += 'T';
    }
    [[nodiscard]] bool wants_runs() const override { return runs; }

    bool runs = true;
    /// The last arrival.
    [[nodiscard]] Arrival came() const { return switches.at(switches.size() - 1).came.value(); }
    [[nodiscard]] std::vector<bool> follows() const {
        std::vector<bool> all;
        for (const Switch& one : switches) {
            all.push_back(one.follows);
        }
        return all;
    }
    [[nodiscard]] std::vector<std::uint64_t> clocks() const {
        std::vector<std::uint64_t> all;
        for (const Switch& one : switches) {
            all.push_back(one.clock_ns);
        }
        return all;
    }
    std::vector<Switch> switches;
    std::vector<ThrottleLook> looks;
    std::string order;
};

/// The slots in a ring in which they lie at `tail`.
class Ring {
  public:
    Ring(const std::vector<rqs_slot>& published, std::uint64_t tail)
        : slots_(std::bit_ceil(std::max<std::size_t>(published.size(), 1))), tail_(tail) {
        for (const rqs_slot& slot : published) {
            slots_[tail++ & (slots_.size() - 1)] = slot;
        }
        head_ = tail;
    }
    [[nodiscard]] bool look(const CpuDecoder& decoder) const {
        return decoder.look({slots_.data(), slots_.size() - 1}, tail_, head_).has_value();
    }
    /// Looks and takes until all is taken or something is wrong.
    Status take_all(CpuDecoder& decoder, RecordHandler& handler) {
        const SlotRing ring{slots_.data(), slots_.size() - 1};
        while (tail_ != head_) {
            const auto group = decoder.look(ring, tail_, head_);
            if (!group) {
                return tl::unexpected(group.error());
            }
            EXPECT_EQ(group->ts_ns, mono_ns);
            if (auto taken = decoder.take(ring, tail_, handler); !taken) {
                return taken;
            }
            tail_ += group->slots;
        }
        return {};
    }

  private:
    std::vector<rqs_slot> slots_;
    std::uint64_t tail_;
    std::uint64_t head_ = 0;
};

/// The slots must be whole groups.
inline void take(CpuDecoder& decoder, const std::vector<rqs_slot>& slots, Taker& taker,
                 std::uint64_t tail = 0) {
    const Status status = Ring(slots, tail).take_all(decoder, taker);
    EXPECT_TRUE(status) << (status ? "" : status.error().message);
}

}  // namespace rqs::slots_for_test
