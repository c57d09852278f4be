// SPDX-License-Identifier: BSD-2-Clause
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <thread>
#include <vector>

#include "bench/loads/loads.h"
#include "bench/loads/many_threads.h"

namespace rqs::bench {
namespace {

using loads::ManyThreads;
using FutexWord = std::atomic<int>;
static_assert(sizeof(FutexWord) == sizeof(int), "the kernel sees the bare word");

void futex_wait(FutexWord& word, int while_value) {
    while (word.load() == while_value) {
        ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, while_value, nullptr, nullptr, 0);
    }
}

void futex_wake(FutexWord& word, int count) {
    ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

/// What the sleepers share. They leave when `over` becomes 1.
struct Bed {
    std::atomic<std::uint32_t> asleep{0};
    FutexWord over{0};
};

void sleep_until_over(Bed& bed) {
    bed.asleep.fetch_add(1);
    futex_wait(bed.over, 0);
}

/// One thread of the ring waits for its turn, counts, and hands on. `turn`: 0 wait, 1 go on,
/// 2 leave.
struct alignas(64) Seat {
    FutexWord turn{0};
    Seat* next = nullptr;
    std::atomic<std::uint64_t>* hops = nullptr;
};

void hand_over(Seat& seat, int turn) {
    seat.turn.store(turn);
    futex_wake(seat.turn, 1);
}

void sit(Seat& seat) {
    for (;;) {
        futex_wait(seat.turn, 0);
        int turn = 1;
        if (!seat.turn.compare_exchange_strong(turn, 0)) {
            return;
        }
        seat.hops->fetch_add(1, std::memory_order_relaxed);
        int nobody = 0;
        if (seat.next->turn.compare_exchange_strong(nobody, 1)) {
            futex_wake(seat.next->turn, 1);
        }
    }
}

/// Seats threads in a ring; they leave when it ends.
class Ring {
  public:
    explicit Ring(std::size_t size) : seats_(size) {
        for (std::size_t i = 0; i < size; ++i) {
            seats_[i].next = &seats_[(i + 1) % size];
            seats_[i].hops = &hops_;
        }
    }
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring() {
        for (Seat& seat : seats_) {
            hand_over(seat, 2);
        }
    }

    Status start() {
        Status ok;
        for (std::size_t i = 0; i < seats_.size() && ok; ++i) {
            ok = sitters_.start([&seat = seats_[i]] { sit(seat); });
        }
        return ok;
    }
    void go() { hand_over(seats_[0], 1); }
    [[nodiscard]] std::uint64_t hops() const { return hops_.load(); }

  private:
    std::vector<Seat> seats_;
    std::atomic<std::uint64_t> hops_{0};
    ManyThreads sitters_;  // last: joined before the seats go
};

}  // namespace

Status threads(const LoadOptions& options) {
    Bed bed;
    ManyThreads sleepers;
    Status status;
    for (std::uint32_t i = 0; i < options.tasks && status; ++i) {
        status = sleepers.start([&bed] { sleep_until_over(bed); });
    }
    if (status) {
        while (bed.asleep.load() < options.tasks) {
            ::sched_yield();
        }
        status = pingpong(options);
    }
    bed.over.store(1);
    futex_wake(bed.over, INT_MAX);
    return status;
}

Status ring(const LoadOptions& options) {
    if (options.tasks < 2) {
        return usage_error("ring needs --tasks, two threads or more");
    }
    if (Status pinned = pin_to_cpu(options.cpu); !pinned) {
        return pinned;
    }
    Ring people{options.tasks};
    if (Status started = people.start(); !started) {
        return started;
    }
    if (Status go = wait_for_start(); !go) {
        return go;
    }
    const auto begin = Clock::now();
    people.go();
    std::this_thread::sleep_for(options.duration);
    const auto elapsed = Clock::now() - begin;
    return finish({people.hops(), elapsed});
}

}  // namespace rqs::bench
