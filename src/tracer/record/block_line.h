// SPDX-License-Identifier: BSD-2-Clause
// Blocks in line to be packed and stored: off the thread that reads the rings, which neither a slow
// disk nor a compressor may hold up.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "record/block.h"
#include "record/block_store.h"
#include "record/pack.h"
#include "util/error.h"

namespace rqs::record {

struct LineOptions {
    /// Threads that pack and store; 0: put() does both.
    unsigned threads = 0;
    /// Blocks in line never hold more memory than this and one block.
    std::size_t most_bytes = std::size_t{64} << 20;
};

/// How many threads packing takes that keeps up with so many CPUs that switch all the time.
constexpr unsigned packing_threads(std::uint32_t cpus) {
    constexpr std::uint32_t cpus_a_thread = 64;
    constexpr unsigned most = 4;
    const unsigned wanted = 1 + cpus / cpus_a_thread;
    return wanted < most ? wanted : most;
}

/// What is put is stored in the order in which it was put, by one thread at a time. Its threads are
/// as urgent as the thread that made it (nice -20), but never real time.
class BlockLine {
  public:
    /// `store` must outlive it, and is this object's until settle() or the end.
    BlockLine(BlockStore& store, const LineOptions& options);
    BlockLine(const BlockLine&) = delete;
    BlockLine& operator=(const BlockLine&) = delete;
    /// What is in line still is stored.
    ~BlockLine();

    /// Where the threads do not keep up the caller packs as well; where the store does not, it
    /// waits for room.
    void put(Block block);
    /// Does something with the store when everything before it has been stored.
    void run(std::function<void()> task);
    /// Waits until nothing is in line. Why storing failed, if it did: nothing was stored since.
    Status settle();

    /// The store wants no more, or failed.
    [[nodiscard]] bool done() const { return done_; }
    /// In the store.
    [[nodiscard]] std::uint64_t stored_bytes() const { return stored_bytes_; }

  private:
    struct Entry {
        enum class State : std::uint8_t { waiting, packing, ready };
        State state = State::ready;
        std::size_t bytes = 0;
        Block block;
        PackedBlock packed;
        std::function<void()> task;  // instead of a block
    };
    using Lock = std::unique_lock<std::mutex>;

    void serve(bool urgent);
    bool pack_one(Lock& lock, Packer& packer);
    bool store_one(Lock& lock);
    void store(Entry& entry);
    void wait_for_room(Lock& lock);
    void add(Entry entry);

    BlockStore& store_;
    const LineOptions options_;
    Packer packer_;  // the caller's
    std::mutex mutex_;
    std::condition_variable work_;
    std::condition_variable progress_;
    std::deque<Entry> line_;
    std::size_t waiting_ = 0;  // entries that nobody packs yet
    std::size_t held_bytes_ = 0;
    bool storing_ = false;
    bool over_ = false;
    Status status_;
    std::atomic<bool> done_ = false;
    std::atomic<std::uint64_t> stored_bytes_ = 0;
    std::vector<std::thread> threads_;  // last: they use all of the above
};

}  // namespace rqs::record
