// SPDX-License-Identifier: BSD-2-Clause
#include "record/context_book.h"

namespace rqs::record {
namespace {

bool same(const ProcessInfo& a, const ProcessInfo& b) {
    return a == b;
}
bool same(const CgroupInfo& a, const CgroupInfo& b) {
    return a == b;
}
bool same(const Affinity& a, const Affinity& b) {
    return a.cpus == b.cpus;  // when it was told does not matter
}

}  // namespace

// A change within a block: what it was before belongs to the block's context.
template <typename Info>
void ContextBook::note_news(Cache<Info>& cache, std::uint64_t key, const Info& info,
                            BlockEncoder& block) {
    Known<Info>* known = cache.find(key);
    if (known == nullptr) {
        known = cache.add(key);
    } else if (!known->gone && same(known->info, info)) {
        return;
    } else if (!known->gone && known->told != block_) {
        block.note_context(known->info);
    }
    *known = {info, block_, false};
    block.note(info);
}

void ContextBook::learn(const ProcessInfo& info, BlockEncoder& block) {
    note_news(processes_, info.pid, info, block);
}

void ContextBook::learn(const CgroupInfo& info, BlockEncoder& block) {
    note_news(info.of_v2 ? v2_cgroups_ : cgroups_, info.id, info, block);
}

void ContextBook::learn(const Affinity& affinity, BlockEncoder& block) {
    note_news(affinities_, affinity.tid, affinity, block);
}

void ContextBook::learn(const ClockReading& reading, BlockEncoder& block) {
    clock_ = reading;
    block.note(reading);
}

void ContextBook::forget(const Exit& exit) {
    if (Known<Affinity>* const known = affinities_.peek(exit.task.tid)) {
        known->gone = true;
    }
}

template <typename Info>
void ContextBook::need(Cache<Info>& cache, std::uint64_t key, BlockEncoder& block) {
    Known<Info>* const known = cache.find(key);
    if (known != nullptr && !known->gone && known->told != block_) {
        known->told = block_;
        block.note_context(known->info);
    }
}

void ContextBook::complete(BlockEncoder& block) {
    for (const Task& task : block.tasks()) {
        need(processes_, task.id.pid, block);
        need(cgroups_, task.sched_cgroup_id, block);
        need(v2_cgroups_, task.cgroup_id, block);
        need(affinities_, task.id.tid, block);
    }
    if (clock_before_) {
        block.note_context(*clock_before_);
    }
    clock_before_ = clock_;
    ++block_;
}

}  // namespace rqs::record
