// SPDX-License-Identifier: BSD-2-Clause
#include "aggregate/affinities.h"

namespace rqs {
namespace {

std::vector<std::uint32_t> listed(const Affinity& affinity, std::uint32_t cpus) {
    std::vector<std::uint32_t> list;
    for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
        if (affinity.allows(cpu)) {
            list.push_back(cpu);
        }
    }
    return list;
}

}  // namespace

/// nullptr where there are too many different ones already.
const Affinities::Cpus* Affinities::set_of(const Affinity& affinity) {
    auto list = listed(affinity, cpus_);
    const auto found = sets_.find(list);
    if (found != sets_.end()) {
        return &found->first;
    }
    return sets_.size() < most_sets ? &sets_.emplace(std::move(list), char{}).first->first
                                    : nullptr;
}

void Affinities::set(std::uint32_t tid, const Cpus* cpus) {
    const auto found = threads_.find(tid);
    if (found != threads_.end()) {
        found->second = cpus;
    } else if (threads_.size() < most_threads) {
        threads_.emplace(tid, cpus);
    } else {
        left_out_ = true;
    }
}

void Affinities::add(const Affinity& affinity) {
    told_ = true;
    const Cpus* cpus = set_of(affinity);
    if (cpus != nullptr && cpus->size() == cpus_) {
        threads_.erase(affinity.tid);
    } else {
        set(affinity.tid, cpus);
    }
}

void Affinities::add(const Fork& fork) {
    const auto parent = threads_.find(fork.parent.tid);
    if (parent == threads_.end()) {
        threads_.erase(fork.child.tid);  // an old thread's, whose end was not told
    } else {
        set(fork.child.tid, parent->second);
    }
}

Affinities::Allowed Affinities::of(std::uint32_t tid) const {
    const auto found = threads_.find(tid);
    if (found == threads_.end()) {
        return {told_ && !left_out_, nullptr};
    }
    static const Cpus not_known;
    return {found->second != nullptr, found->second != nullptr ? found->second : &not_known};
}

}  // namespace rqs
