// SPDX-License-Identifier: BSD-2-Clause
// Threads that begin and end, and on which CPUs they may run, from the running kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "bpfkit/handles.h"
#include "model/record.h"
#include "sources/affinity_news.h"
#include "util/error.h"

struct lives_bpf;

namespace rqs {

/// Forks and exits as they happen. Affinities of restricted threads: all of them at the first look,
/// then what has changed. That is told at once where the kernel lets its functions be watched, and
/// looked for once a second to be sure; elsewhere ten times a second. Looks take a hundredth of the
/// time at most. Machines with more than RQS_AFFINITY_CPUS CPUs are not asked for affinities.
class BpfLives {
  public:
    /// `cpus`: highest CPU number plus one.
    static Result<std::unique_ptr<BpfLives>> load(std::uint32_t cpus);
    BpfLives(const BpfLives&) = delete;
    BpfLives& operator=(const BpfLives&) = delete;
    ~BpfLives();

    /// Nothing that happens after this is missed.
    Status attach();
    void detach();
    /// Hands on what has come, roughly in order of time.
    Status look(std::uint64_t now_ns, RecordHandler& handler);

    /// Events that found no room.
    [[nodiscard]] std::uint64_t lost() const;
    /// Whether a changed affinity is told at once.
    [[nodiscard]] bool tells_changes_at_once() const { return with_changes_; }

  private:
    struct Destroy {
        void operator()(lives_bpf* skeleton) const;
    };

    explicit BpfLives(std::uint32_t cpus) : cpus_(cpus) {}
    Result<int> try_load(bool with_changes);
    [[nodiscard]] bool asks_for_affinities() const;
    static int take(void* self, void* data, std::size_t size);
    Status read_ring(RecordHandler& handler);
    Status read_affinities(std::uint64_t now_ns, RecordHandler& handler);
    Status read_iterator(RecordHandler& handler);

    std::uint32_t cpus_;
    bool with_changes_ = false;
    std::unique_ptr<lives_bpf, Destroy> skeleton_;
    bpfkit::RingBufferPtr ring_;
    std::vector<bpfkit::LinkPtr> links_;
    bpfkit::LinkPtr iterator_;
    AffinityNews news_;
    RecordHandler* handler_ = nullptr;  // while the ring is read
    std::optional<Error> error_;        // what was wrong with it
    std::uint64_t next_look_ns_ = 0;
};

}  // namespace rqs
