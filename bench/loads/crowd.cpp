// SPDX-License-Identifier: BSD-2-Clause
#include "bench/loads/crowd.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <new>
#include <thread>

namespace rqs::loads {
namespace {

constexpr auto set_up_patience = std::chrono::seconds{30};

// Not the private futex: the word is shared between processes.
void futex(std::atomic<int>& word, int operation, int value) {
    static_assert(sizeof(word) == sizeof(int), "the kernel sees the bare word");
    ::syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

void raise_limit(__rlimit_resource resource, rlim_t wanted) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur >= wanted) {
        return;
    }
    // Root may raise the hard limit too; who may not gets as much as that limit allows.
    const rlimit raised{wanted, limit.rlim_max < wanted ? wanted : limit.rlim_max};
    const rlimit allowed{limit.rlim_max < wanted ? limit.rlim_max : wanted, limit.rlim_max};
    if (::setrlimit(resource, &raised) != 0) {
        (void)::setrlimit(resource, &allowed);
    }
}

}  // namespace

void raise_limits() {
    raise_limit(RLIMIT_NPROC, 32'768);
    raise_limit(RLIMIT_NOFILE, 16'384);
}

Precedence::Precedence() : policy_(::sched_getscheduler(0)) {
    (void)::sched_getparam(0, &parameters_);
    sched_param lowest{};
    lowest.sched_priority = ::sched_get_priority_min(SCHED_RR);
    (void)::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest);
}

Precedence::~Precedence() {
    (void)::sched_setscheduler(0, policy_, &parameters_);
}

Crowd::Crowd(std::size_t most, std::chrono::seconds limit)
    : most_(most), bytes_((1 + most) * sizeof(Counter)), limit_(limit) {
    static_assert(sizeof(Board) <= sizeof(Counter), "the board takes the place of one counter");
    void* memory =
        ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return;
    }
    // All bits zero is what every counter starts with.
    counters_ = static_cast<Counter*>(memory) + 1;
    board_ = new (memory) Board;
}

Crowd::~Crowd() {
    for (const pid_t pid : pids_) {
        ::kill(pid, SIGKILL);
    }
    for (const pid_t pid : pids_) {
        ::waitpid(pid, nullptr, 0);
    }
    if (board_ != nullptr) {
        ::munmap(board_, bytes_);
    }
}

Status Crowd::start(const Body& body) {
    if (pids_.size() == most_) {
        return fail("a load starts more processes than it said it would");
    }
    const pid_t parent = ::getpid();
    Counter& counter = counters_[pids_.size()];
    const pid_t pid = ::fork();
    if (pid < 0) {
        return fail("cannot start process " + std::to_string(pids_.size() + 1) + ": " +
                    std::strerror(errno) + "; raise pid_max or the limit of processes");
    }
    if (pid == 0) {
        run_child(parent, body, counter);
    }
    pids_.push_back(pid);
    return {};
}

void Crowd::run_child(pid_t parent, const Body& body, Counter& counter) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before the line above; nobody would kill us then.
    if (::getppid() != parent) {
        ::_exit(1);
    }
    ::alarm(static_cast<unsigned>(limit_.count()));
    board_->ready.fetch_add(1);
    while (board_->go.load() == 0) {
        futex(board_->go, FUTEX_WAIT, 0);
    }
    body(counter);
    ::_exit(0);
}

Status Crowd::wait_until_ready() {
    const auto deadline = std::chrono::steady_clock::now() + set_up_patience;
    while (board_->ready.load() < pids_.size()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return fail("only " + std::to_string(board_->ready.load()) + " of " +
                        std::to_string(pids_.size()) + " processes of a load were set up");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return {};
}

void Crowd::go() {
    board_->go.store(1);
    futex(board_->go, FUTEX_WAKE, INT_MAX);
}

std::uint64_t Crowd::ops() const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < pids_.size(); ++i) {
        sum += counters_[i].ops.load(std::memory_order_relaxed);
    }
    return sum;
}

}  // namespace rqs::loads
