// SPDX-License-Identifier: BSD-2-Clause
#include "workload.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>

namespace rqs::pkgtest {
namespace {

/// The last CPU that this process may use: the first ones have most of the machine's own work.
int last_cpu() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    ::sched_getaffinity(0, sizeof(allowed), &allowed);
    int last = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        last = CPU_ISSET(static_cast<std::size_t>(cpu), &allowed) ? cpu : last;
    }
    return last;
}

void settle(const std::string& name, std::atomic<pid_t>& id) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(last_cpu()), &one);
    ::sched_setaffinity(0, sizeof(one), &one);
    ::pthread_setname_np(::pthread_self(), name.c_str());
    id = ::gettid();
}

}  // namespace

Workload::Workload(const std::string& name) {
    hog_thread_ = std::thread([this] {
        settle("pkgtest-hog", hog_);
        while (!stop_) {
        }
    });
    victim_thread_ = std::thread([this, name] {
        settle(name, victim_);
        while (!stop_) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    while (victim_ == 0 || hog_ == 0) {
        std::this_thread::yield();
    }
}

Workload::~Workload() {
    stop_ = true;
    hog_thread_.join();
    victim_thread_.join();
}

}  // namespace rqs::pkgtest
