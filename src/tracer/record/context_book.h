// SPDX-License-Identifier: BSD-2-Clause
// Names, cgroups and affinities as they were told, so that each block can say what it needs of what
// was told before it.
#pragma once

#include <cstdint>
#include <optional>

#include "model/cgroup_info.h"
#include "model/event.h"
#include "model/process_info.h"
#include "record/block_encoder.h"
#include "util/bounded_cache.h"

namespace rqs::record {

/// Memory is bounded: of so many that were told last.
class ContextBook {
  public:
    /// Notes in the block what is news.
    void learn(const ProcessInfo& info, BlockEncoder& block);
    void learn(const CgroupInfo& info, BlockEncoder& block);
    void learn(const Affinity& affinity, BlockEncoder& block);
    void learn(const ClockReading& reading, BlockEncoder& block);
    /// Its affinity is another's, once the id is given away.
    void forget(const Exit& exit);

    /// Notes what the block's tasks need and was told before it. The next block begins.
    void complete(BlockEncoder& block);

  private:
    template <typename Info>
    struct Known {
        Info info;
        std::uint64_t told = 0;  // the last block that has it
        bool gone = false;
    };
    template <typename Info>
    using Cache = util::BoundedCache<Known<Info>>;

    template <typename Info>
    void note_news(Cache<Info>& cache, std::uint64_t key, const Info& info, BlockEncoder& block);
    template <typename Info>
    void need(Cache<Info>& cache, std::uint64_t key, BlockEncoder& block);

    static constexpr std::size_t most_names = 8192;
    static constexpr std::size_t most_threads = 32768;

    Cache<ProcessInfo> processes_{most_names};
    Cache<CgroupInfo> cgroups_{most_names};
    Cache<CgroupInfo> v2_cgroups_{most_names};
    Cache<Affinity> affinities_{most_threads};
    std::optional<ClockReading> clock_;
    std::optional<ClockReading> clock_before_;  // the block began
    std::uint64_t block_ = 1;
};

}  // namespace rqs::record
