// SPDX-License-Identifier: BSD-2-Clause
// The consumer's side of the per-CPU rings (contract/wire.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "contract/wire.h"
#include "decode/cpu_decoder.h"
#include "sources/bpf_object.h"
#include "sources/order.h"

namespace rqs {

class BpfRings {
  public:
    static Result<BpfRings> map(const BpfObject& object);

    /// Nothing that happens from now on (CLOCK_MONOTONIC) is missed: the hook is there.
    void attached_at(std::uint64_t ns) { attached_ns_ = ns; }

    /// Takes everything that has been published; waits go to `order`.
    Status drain(WaitOrder& order);

    /// The kernel's counters, all CPUs together; `kept` and `late` are not its to know.
    [[nodiscard]] Counters counters() const;

  private:
    struct Unmap {
        std::size_t bytes = 0;
        void operator()(void* memory) const;
    };
    struct Cpu {
        rqs_cpu* state;
        const rqs_slot* ring;
        std::unique_ptr<CpuDecoder> decoder;  // made when the CPU first says something
    };

    Status drain_cpu(std::uint32_t id, Cpu& cpu, WaitOrder& order) const;

    explicit BpfRings(std::unique_ptr<void, Unmap> memory) : memory_(std::move(memory)) {}

    std::unique_ptr<void, Unmap> memory_;
    std::vector<Cpu> cpus_;
    std::uint64_t ring_slots_ = 0;
    std::size_t history_slots_ = 0;
    std::uint64_t attached_ns_ = 0;
};

}  // namespace rqs
