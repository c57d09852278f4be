// SPDX-License-Identifier: BSD-2-Clause
#include "sources/affinity_news.h"

#include "util/hash.h"

namespace rqs {
namespace {

std::size_t hash_of(const std::vector<std::uint64_t>& cpus) {
    std::uint64_t sum = 0;
    for (const std::uint64_t word : cpus) {
        sum = util::hash(sum ^ word) + 1;  // so that words of zeros count
    }
    return static_cast<std::size_t>(sum);
}

}  // namespace

bool AffinityNews::is_restricted(const Affinity& affinity) const {
    for (std::size_t i = 0; i < online_.size(); ++i) {
        const std::uint64_t word = i < affinity.cpus.size() ? affinity.cpus[i] : 0;
        if ((online_[i] & ~word) != 0) {
            return true;
        }
    }
    return false;
}

bool AffinityNews::is_news(const Affinity& affinity) {
    if (!is_restricted(affinity)) {
        return known_.erase(affinity.tid) > 0;
    }
    const Known now{hash_of(affinity.cpus), look_};
    const auto found = known_.find(affinity.tid);
    if (found == known_.end()) {
        if (known_.size() < most_threads) {
            known_.emplace(affinity.tid, now);
        }
        return true;
    }
    const bool changed = found->second.hash != now.hash;
    found->second = now;
    return changed;
}

std::vector<std::uint32_t> AffinityNews::end_look() {
    std::vector<std::uint32_t> gone;
    std::erase_if(known_, [&](const auto& entry) {
        if (entry.second.look != look_) {
            gone.push_back(entry.first);
        }
        return entry.second.look != look_;
    });
    return gone;
}

void AffinityNews::fork(std::uint32_t parent, std::uint32_t child) {
    const auto found = known_.find(parent);
    if (found == known_.end()) {
        known_.erase(child);
    } else if (known_.size() < most_threads) {
        const Known inherited = found->second;
        known_[child] = inherited;
    }
}

}  // namespace rqs
