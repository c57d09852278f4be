// SPDX-License-Identifier: BSD-2-Clause
#include "sources/bpf_rings.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace rqs {
namespace {

// The kernel side writes these words while we read them.
std::uint64_t load_acquire(const rqs_u64& word) {
    return __atomic_load_n(&word, __ATOMIC_ACQUIRE);
}

void store_release(rqs_u64& word, std::uint64_t value) {
    __atomic_store_n(&word, value, __ATOMIC_RELEASE);
}

}  // namespace

void BpfRings::Unmap::operator()(void* memory) const {
    ::munmap(memory, bytes);
}

Result<BpfRings> BpfRings::map(const BpfObject& object) {
    const std::uint64_t stride = rqs_cpu_bytes(object.history_slots(), object.ring_slots());
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t bytes = (stride * object.cpu_count() + page - 1) / page * page;
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, object.cpus_fd(), 0);
    if (memory == MAP_FAILED) {
        return fail(fmt::format("cannot map the rings: {}", std::strerror(errno)));
    }
    BpfRings rings({memory, Unmap{bytes}});
    rings.ring_slots_ = object.ring_slots();
    rings.history_slots_ = object.history_slots();
    for (std::uint32_t id = 0; id < object.cpu_count(); ++id) {
        char* const base = static_cast<char*>(memory) + stride * id;
        rings.cpus_.push_back(
            {reinterpret_cast<rqs_cpu*>(base),
             reinterpret_cast<const rqs_slot*>(base + rqs_ring_offset(object.history_slots())),
             nullptr});
    }
    return rings;
}

Status BpfRings::drain(WaitOrder& order) {
    for (std::uint32_t id = 0; id < cpus_.size(); ++id) {
        if (auto drained = drain_cpu(id, cpus_[id], order); !drained) {
            return drained;
        }
    }
    return {};
}

Status BpfRings::drain_cpu(std::uint32_t id, Cpu& cpu, WaitOrder& order) const {
    const std::uint64_t head = load_acquire(cpu.state->head);
    std::uint64_t tail = cpu.state->tail;
    if (head == tail) {
        return {};
    }
    if (!cpu.decoder) {
        cpu.decoder = std::make_unique<CpuDecoder>(id, history_slots_, attached_ns_);
    }
    // Room is given back as it is read, so that a reader that is behind helps at once.
    constexpr std::uint64_t stride = 1024;
    while (tail != head) {
        const std::uint64_t stop = std::min(head, tail + stride);
        for (; tail != stop; ++tail) {
            auto complete = cpu.decoder->take(cpu.ring[tail & (ring_slots_ - 1)], order.next());
            if (!complete) {
                return tl::unexpected(complete.error());
            }
            if (*complete) {
                order.commit();
            }
        }
        store_release(cpu.state->tail, tail);
    }
    return {};
}

Counters BpfRings::counters() const {
    Counters counters;
    for (const auto& cpu : cpus_) {
        counters.seen += load_acquire(cpu.state->seen);
        counters.lost += load_acquire(cpu.state->lost);
        counters.unverified += load_acquire(cpu.state->unverified);
    }
    return counters;
}

}  // namespace rqs
