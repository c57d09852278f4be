// SPDX-License-Identifier: BSD-2-Clause
// Which CPUs each thread may run on, as far as it was told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "model/event.h"

namespace rqs {

/// Bounded: 16,384 threads and 256 different sets of CPUs are remembered (about 1 MiB, and 1 KiB
/// for each set on the largest machines). A source tells of threads that are restricted only, so
/// that once any was told of, who was not told of may run anywhere. Where threads or sets had to be
/// left out, that is not known any more.
class Affinities {
  public:
    static constexpr std::size_t most_threads = 16384;
    static constexpr std::size_t most_sets = 256;

    /// The CPUs that a thread may run on.
    struct Allowed {
        bool known = false;
        /// In increasing order; nullptr: any CPU, or it is not known. Empty: some, not known which.
        const std::vector<std::uint32_t>* cpus = nullptr;
    };

    /// `cpus`: highest CPU number plus one.
    explicit Affinities(std::uint32_t cpus) : cpus_(cpus) {}

    void add(const Affinity& affinity);
    /// A thread begins with what its parent may.
    void add(const Fork& fork);
    void add(const Exit& exit) { threads_.erase(exit.task.tid); }

    /// What it points to stays for as long as this object.
    [[nodiscard]] Allowed of(std::uint32_t tid) const;

    [[nodiscard]] std::size_t threads() const { return threads_.size(); }
    [[nodiscard]] std::size_t sets() const { return sets_.size(); }

  private:
    using Cpus = std::vector<std::uint32_t>;

    const Cpus* set_of(const Affinity& affinity);
    void set(std::uint32_t tid, const Cpus* cpus);

    std::uint32_t cpus_;
    std::map<Cpus, char> sets_;  // never erased from, so that keys stay where they are
    /// Restricted threads; nullptr: what it is restricted to found no room.
    std::unordered_map<std::uint32_t, const Cpus*> threads_;
    bool told_ = false;
    bool left_out_ = false;
};

}  // namespace rqs
