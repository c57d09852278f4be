// SPDX-License-Identifier: BSD-2-Clause
// Keeps every record that comes: blocks into a store.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "model/record.h"
#include "record/block_encoder.h"
#include "record/block_line.h"
#include "record/block_store.h"
#include "record/context_book.h"
#include "util/error.h"

namespace rqs::record {

/// A block holds no more than a second, so that no more is lost with a recorder that is killed.
/// Memory is bounded, however many tasks and events there are: about 10 MiB, and what is in line
/// while the store does not keep up.
class Recorder final : public RecordHandler {
  public:
    /// `store` must outlive it.
    explicit Recorder(BlockStore& store, const LineOptions& line = {})
        : store_(store), line_(store, line) {}

    void on_switch(const Switch& record) override;
    void on_throttle(const ThrottleLook& look) override { note(look); }
    void on_stuck(const Stuck& stuck) override { note(stuck); }
    void on_loss(const Loss& loss) override;
    void on_clock(const ClockReading& reading) override { learn(reading); }
    void on_process(const ProcessInfo& info) override { learn(info); }
    void on_cgroup(const CgroupInfo& info) override { learn(info); }
    void on_fork(const Fork& fork) override { note(fork); }
    void on_exit(const Exit& exit) override;
    void on_affinity(const Affinity& affinity) override { learn(affinity); }
    void on_reached(std::uint64_t now_ns) override;
    [[nodiscard]] bool done() const override { return line_.done(); }

    /// Stores what is held as a block of its own, e.g. since somebody asked for what there is.
    void cut();
    /// Does something with the store, once it has all that was cut so far.
    void run(std::function<void()> task) { line_.run(std::move(task)); }
    /// The last block, and the store's end. Why storing failed, if it did.
    Status finish(std::uint64_t now_ns, const Counters& counters);

    /// In the store so far.
    [[nodiscard]] std::uint64_t stored_bytes() const { return line_.stored_bytes(); }
    [[nodiscard]] std::uint64_t switches() const { return switches_; }
    [[nodiscard]] std::uint64_t waits() const { return waits_; }
    [[nodiscard]] std::uint64_t lost() const { return lost_; }

  private:
    template <typename Happened>
    void note(const Happened& happened) {
        make_room();
        block_.note(happened);
    }
    template <typename Known>
    void learn(const Known& known) {
        make_room();
        book_.learn(known, block_);
    }
    void make_room() {
        if (block_.full()) {
            cut();
        }
    }
    void cut_if_due(std::uint64_t now_ns);

    BlockStore& store_;
    BlockEncoder block_;
    ContextBook book_;
    BlockLine line_;
    std::uint64_t block_began_ns_ = 0;
    std::uint64_t switches_ = 0;
    std::uint64_t waits_ = 0;
    std::uint64_t lost_ = 0;
};

}  // namespace rqs::record
