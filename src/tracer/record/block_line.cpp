// SPDX-License-Identifier: BSD-2-Clause
#include "record/block_line.h"

#include <sched.h>

#include <utility>

#include "util/scheduling.h"
#include "util/signals_blocked.h"

namespace rqs::record {
namespace {

// So many blocks a thread may wait before the caller lends a hand.
constexpr std::size_t backlog_a_thread = 4;

std::size_t bytes_of(const Block& block) {
    std::size_t bytes = 0;
    for (const Bytes& column : block.columns) {
        bytes += column.capacity();
    }
    return bytes;
}

bool is_urgent(const util::Scheduling& scheduling) {
    return util::is_real_time(scheduling) || scheduling.nice < 0;
}

}  // namespace

BlockLine::BlockLine(BlockStore& store, const LineOptions& options)
    : store_(store), options_(options), stored_bytes_(store.bytes()) {
    const util::SignalsBlocked blocked;
    const bool urgent = is_urgent(util::get_scheduling(0));
    for (unsigned i = 0; i < options_.threads; ++i) {
        threads_.emplace_back([this, urgent] { serve(urgent); });
    }
}

BlockLine::~BlockLine() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

// The first block that nobody packs yet. False: there is none.
bool BlockLine::pack_one(Lock& lock, Packer& packer) {
    if (waiting_ == 0) {
        return false;
    }
    auto entry = line_.begin();
    while (entry->state != Entry::State::waiting) {
        ++entry;
    }
    Entry& mine = *entry;  // stays where it is: others only append, and remove what is ready
    mine.state = Entry::State::packing;
    --waiting_;
    lock.unlock();
    PackedBlock packed = packer.pack(mine.block);
    mine.block = {};
    lock.lock();
    held_bytes_ -= mine.bytes;
    mine.bytes = packed.frame.capacity();
    held_bytes_ += mine.bytes;
    mine.packed = std::move(packed);
    mine.state = Entry::State::ready;
    return true;
}

// The first in line, if it is packed and nobody else stores. False: it is not.
bool BlockLine::store_one(Lock& lock) {
    if (storing_ || line_.empty() || line_.front().state != Entry::State::ready) {
        return false;
    }
    storing_ = true;
    Entry entry = std::move(line_.front());
    line_.pop_front();
    lock.unlock();
    store(entry);
    lock.lock();
    storing_ = false;
    held_bytes_ -= entry.bytes;
    progress_.notify_all();
    work_.notify_all();
    return true;
}

// Without the lock: `storing_` keeps others away from the store and its status.
void BlockLine::store(Entry& entry) {
    if (entry.task) {
        entry.task();
    } else if (status_) {
        status_ = store_.put(std::move(entry.packed));
    }
    stored_bytes_ = store_.bytes();
    done_ = !status_ || store_.done();
}

void BlockLine::serve(bool urgent) {
    if (urgent) {
        (void)util::set_scheduling(0, {SCHED_OTHER, 0, util::urgent_nice, true});
    }
    Packer packer;
    Lock lock(mutex_);
    while (true) {
        if (store_one(lock) || pack_one(lock, packer)) {
            continue;
        }
        if (over_ && line_.empty()) {
            return;
        }
        work_.wait(lock);
    }
}

void BlockLine::wait_for_room(Lock& lock) {
    progress_.wait(lock, [&] { return held_bytes_ <= options_.most_bytes || line_.empty(); });
}

void BlockLine::add(Entry entry) {
    if (options_.threads == 0) {
        if (!entry.task) {
            entry.packed = packer_.pack(entry.block);
        }
        store(entry);
        return;
    }
    Lock lock(mutex_);
    wait_for_room(lock);
    held_bytes_ += entry.bytes;
    waiting_ += entry.state == Entry::State::waiting ? 1 : 0;
    line_.push_back(std::move(entry));
    work_.notify_one();
    if (waiting_ > backlog_a_thread * options_.threads && pack_one(lock, packer_)) {
        work_.notify_one();
    }
}

void BlockLine::put(Block block) {
    Entry entry;
    entry.state = Entry::State::waiting;
    entry.bytes = bytes_of(block);
    entry.block = std::move(block);
    add(std::move(entry));
}

void BlockLine::run(std::function<void()> task) {
    Entry entry;
    entry.task = std::move(task);
    add(std::move(entry));
}

Status BlockLine::settle() {
    Lock lock(mutex_);
    progress_.wait(lock, [&] { return line_.empty() && !storing_; });
    return status_;
}

}  // namespace rqs::record
