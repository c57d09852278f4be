// SPDX-License-Identifier: BSD-2-Clause
// The consumer's side of the per-CPU rings (contract/wire.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "contract/wire.h"
#include "decode/cpu_decoder.h"
#include "model/record.h"
#include "sources/bpf_object.h"

namespace rqs {

/// Reads the CPUs' streams as one, in order of time. Nothing is copied out of a ring before it is
/// its turn: what is waiting for its turn waits in the ring, whose size is the only bound there is.
class BpfRings {
  public:
    static Result<BpfRings> map(const BpfObject& object);

    /// Nothing that happens from now on (CLOCK_MONOTONIC) is missed: the hook is there.
    void attached_at(std::uint64_t ns);

    /// Looks at what has been published, and lost, until now.
    Status look(std::uint64_t now_ns);
    /// The largest share of a ring that what was seen by look() takes, 0 to 1.
    [[nodiscard]] double fill() const;
    /// Hands on what look() saw and what happened at or before `until_ns`, oldest first; at most
    /// `most` waits of it. Whether that was all.
    Result<bool> hand_on(std::uint64_t until_ns, std::uint64_t most, RecordHandler& handler);

    /// The kernel's counters, all CPUs together, and those that came too late for their place.
    [[nodiscard]] Counters counters() const;
    /// How many groups have been handed on.
    [[nodiscard]] std::uint64_t groups() const { return groups_; }

  private:
    struct Unmap {
        std::size_t bytes = 0;
        void operator()(void* memory) const;
    };
    struct Cpu {
        rqs_cpu* state = nullptr;
        SlotRing ring;
        std::unique_ptr<CpuDecoder> decoder;  // made when the CPU first says something
        std::uint64_t head = 0;               // as look() saw it
        std::uint64_t tail = 0;               // taken so far
        std::uint64_t given_back = 0;         // the tail that the kernel was told
        std::uint64_t slots = 0;              // of the group at `tail`
        std::uint64_t lost = 0;               // as look() saw it
        bool queued = false;
    };
    struct Next {
        std::uint64_t ts_ns;
        std::uint32_t cpu;
        bool operator>(const Next& other) const {
            return ts_ns != other.ts_ns ? ts_ns > other.ts_ns : cpu > other.cpu;
        }
    };

    explicit BpfRings(std::unique_ptr<void, Unmap> memory) : memory_(std::move(memory)) {}
    void hand_on_losses(std::uint64_t until_ns, RecordHandler& handler);
    Status enqueue(std::uint32_t id);
    Status take_group(std::uint32_t id, RecordHandler& handler);
    static void give_back(Cpu& cpu);
    void note_losses(std::uint64_t now_ns);

    std::unique_ptr<void, Unmap> memory_;
    std::vector<Cpu> cpus_;
    std::priority_queue<Next, std::vector<Next>, std::greater<>> next_;  // one a CPU
    std::vector<Loss> losses_;                                           // not handed on yet
    std::uint64_t ring_slots_ = 0;
    std::uint64_t attached_ns_ = 0;
    std::uint64_t looked_ns_ = 0;
    std::uint64_t newest_ns_ = 0;
    std::uint64_t groups_ = 0;
    std::uint64_t late_ = 0;
};

}  // namespace rqs
