// SPDX-License-Identifier: BSD-2-Clause
#include "sources/bpf_rings.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
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
    const std::uint64_t stride = rqs_cpu_bytes(object.ring_slots());
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t bytes = (stride * object.cpu_count() + page - 1) / page * page;
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, object.cpus_fd(), 0);
    if (memory == MAP_FAILED) {
        return fail(fmt::format("cannot map the rings: {}", std::strerror(errno)));
    }
    BpfRings rings({memory, Unmap{bytes}});
    rings.ring_slots_ = object.ring_slots();
    for (std::uint32_t id = 0; id < object.cpu_count(); ++id) {
        char* const base = static_cast<char*>(memory) + stride * id;
        Cpu cpu;
        cpu.state = reinterpret_cast<rqs_cpu*>(base);
        cpu.ring = {reinterpret_cast<const rqs_slot*>(base + RQS_RING_OFFSET),
                    object.ring_slots() - 1};
        rings.cpus_.push_back(std::move(cpu));
    }
    return rings;
}

void BpfRings::attached_at(std::uint64_t ns) {
    attached_ns_ = ns;
    looked_ns_ = ns;
}

// The group at the tail joins the queue.
Status BpfRings::enqueue(std::uint32_t id) {
    Cpu& cpu = cpus_[id];
    cpu.queued = cpu.tail != cpu.head;
    if (!cpu.queued) {
        return {};
    }
    if (!cpu.decoder) {
        cpu.decoder = std::make_unique<CpuDecoder>(id, attached_ns_);
    }
    const auto group = cpu.decoder->look(cpu.ring, cpu.tail, cpu.head);
    if (!group) {
        return tl::unexpected(group.error());
    }
    cpu.slots = group->slots;
    next_.push({group->ts_ns, id});
    return {};
}

void BpfRings::note_losses(std::uint64_t now_ns) {
    for (std::uint32_t id = 0; id < cpus_.size(); ++id) {
        Cpu& cpu = cpus_[id];
        const std::uint64_t lost = load_acquire(cpu.state->lost);
        if (lost != cpu.lost) {
            losses_.push_back({id, looked_ns_, now_ns, lost - cpu.lost});
            cpu.lost = lost;
        }
    }
    looked_ns_ = now_ns;
}

Status BpfRings::look(std::uint64_t now_ns) {
    note_losses(now_ns);
    for (std::uint32_t id = 0; id < cpus_.size(); ++id) {
        Cpu& cpu = cpus_[id];
        cpu.head = load_acquire(cpu.state->head);
        if (cpu.queued) {
            continue;
        }
        if (auto queued = enqueue(id); !queued) {
            return queued;
        }
    }
    return {};
}

double BpfRings::fill() const {
    std::uint64_t most = 0;
    for (const Cpu& cpu : cpus_) {
        most = std::max(most, cpu.head - cpu.tail);
    }
    return static_cast<double>(most) / static_cast<double>(ring_slots_);
}

void BpfRings::give_back(Cpu& cpu) {
    store_release(cpu.state->tail, cpu.tail);
    cpu.given_back = cpu.tail;
}

Status BpfRings::take_group(std::uint32_t id, RecordHandler& handler) {
    // The kernel reads the tail whenever it keeps a wait: not every group is worth a write to it.
    constexpr std::uint64_t stride = 256;
    Cpu& cpu = cpus_[id];
    auto taken = cpu.decoder->take(cpu.ring, cpu.tail, handler);
    cpu.tail += cpu.slots;
    ++groups_;
    if (cpu.tail - cpu.given_back >= stride || cpu.tail == cpu.head) {
        give_back(cpu);
    }
    return taken ? enqueue(id) : taken;
}

Result<bool> BpfRings::hand_on(std::uint64_t until_ns, std::uint64_t most, RecordHandler& handler) {
    while (!next_.empty() && next_.top().ts_ns <= until_ns && !handler.done()) {
        if (most-- == 0) {
            hand_on_losses(newest_ns_, handler);
            return false;
        }
        const Next next = next_.top();
        next_.pop();
        late_ += next.ts_ns < newest_ns_ ? 1U : 0U;
        newest_ns_ = std::max(newest_ns_, next.ts_ns);
        if (auto taken = take_group(next.cpu, handler); !taken) {
            return tl::unexpected(taken.error());
        }
    }
    hand_on_losses(until_ns, handler);
    return true;
}

void BpfRings::hand_on_losses(std::uint64_t until_ns, RecordHandler& handler) {
    const auto due =
        std::partition_point(losses_.begin(), losses_.end(),
                             [until_ns](const Loss& loss) { return loss.to_ns <= until_ns; });
    std::for_each(losses_.begin(), due, [&](const Loss& loss) { handler.on_loss(loss); });
    losses_.erase(losses_.begin(), due);
}

Counters BpfRings::counters() const {
    Counters counters;
    for (const auto& cpu : cpus_) {
        counters.seen += load_acquire(cpu.state->seen);
        counters.lost += load_acquire(cpu.state->lost);
        counters.unverified += load_acquire(cpu.state->unverified);
    }
    counters.late = late_;
    return counters;
}

}  // namespace rqs
