// SPDX-License-Identifier: BSD-2-Clause
#include "util/raiser.h"

#include <sched.h>
#include <unistd.h>

#include <chrono>

#include "util/clock.h"
#include "util/signals_blocked.h"

namespace rqs::util {
namespace {

// std::thread starts a thread as its maker is scheduled, or lower: this one must not queue first.
bool make_thread(pthread_t& thread, const Scheduling& scheduling, void* (*run)(void*),
                 void* argument) {
    constexpr std::size_t stack_bytes = 128U << 10;
    pthread_attr_t attributes;
    if (::pthread_attr_init(&attributes) != 0) {
        return false;
    }
    sched_param param{};
    param.sched_priority = scheduling.rt_priority;
    const SignalsBlocked blocked;
    const bool made = ::pthread_attr_setstacksize(&attributes, stack_bytes) == 0 &&
                      ::pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED) == 0 &&
                      ::pthread_attr_setschedpolicy(&attributes, scheduling.policy) == 0 &&
                      ::pthread_attr_setschedparam(&attributes, &param) == 0 &&
                      ::pthread_create(&thread, &attributes, run, argument) == 0;
    ::pthread_attr_destroy(&attributes);
    return made;
}

}  // namespace

Raiser::Raiser(const Scheduling& raised) : to_(raised), tid_(::gettid()) {}

std::unique_ptr<Raiser> Raiser::make(const Scheduling& raised) {
    std::unique_ptr<Raiser> raiser(new Raiser(raised));
    return raiser->start() ? std::move(raiser) : nullptr;
}

bool Raiser::start() {
    started_ = ::pthread_getcpuclockid(::pthread_self(), &cpu_clock_) == 0 &&
               make_thread(thread_, to_, run, this);
    return started_;
}

Raiser::~Raiser() {
    if (!started_) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    changed_.notify_one();
    ::pthread_join(thread_, nullptr);
}

void Raiser::raise_at(std::uint64_t monotonic_ns) {
    {
        const std::lock_guard lock(mutex_);
        due_ns_ = monotonic_ns;
        raised_.reset();
    }
    changed_.notify_one();
}

void Raiser::stop() {
    const std::lock_guard lock(mutex_);
    due_ns_.reset();
}

std::optional<Raiser::Raised> Raiser::raised() {
    const std::lock_guard lock(mutex_);
    return raised_;
}

void* Raiser::run(void* self) {
    static_cast<Raiser*>(self)->serve();
    return nullptr;
}

void Raiser::serve() {
    using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC
    std::unique_lock lock(mutex_);
    while (!over_) {
        if (!due_ns_) {
            changed_.wait(lock);
        } else if (monotonic_ns() < *due_ns_) {
            changed_.wait_until(lock, Clock::time_point(std::chrono::nanoseconds(*due_ns_)));
        } else {
            due_ns_.reset();
            if (set_scheduling(tid_, to_) == 0) {
                raised_ = Raised{monotonic_ns(), clock_ns(cpu_clock_)};
            }
        }
    }
}

}  // namespace rqs::util
