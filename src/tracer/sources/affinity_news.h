// SPDX-License-Identifier: BSD-2-Clause
// Which of the affinities that are found again and again have changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/event.h"

namespace rqs {

/// Remembers restricted threads, 65,536 at most (about 4 MiB): what finds no room is news at each
/// look. Of the CPUs a hash is kept.
class AffinityNews {
  public:
    static constexpr std::size_t most_threads = 65536;

    /// The CPUs that are online: who may use all of them is not restricted.
    void set_online(std::vector<std::uint64_t> online) { online_ = std::move(online); }

    [[nodiscard]] bool is_restricted(const Affinity& affinity) const;

    /// Begins a look at all threads that may be restricted.
    void begin_look() { ++look_; }
    /// Whether it is not what is known of the thread. One that is not restricted is news only where
    /// it was.
    bool is_news(const Affinity& affinity);
    /// Threads that were restricted and that the look did not find: they are not any more, or have
    /// ended.
    std::vector<std::uint32_t> end_look();

    /// A thread begins with what its parent may, which is no news.
    void fork(std::uint32_t parent, std::uint32_t child);
    void exit(std::uint32_t tid) { known_.erase(tid); }

    [[nodiscard]] std::size_t size() const { return known_.size(); }

  private:
    struct Known {
        std::size_t hash = 0;
        std::uint64_t look = 0;  // that found it last
    };

    std::vector<std::uint64_t> online_;
    std::unordered_map<std::uint32_t, Known> known_;  // by tid
    std::uint64_t look_ = 0;
};

}  // namespace rqs
