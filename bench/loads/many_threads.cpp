// SPDX-License-Identifier: BSD-2-Clause
#include "bench/loads/many_threads.h"

#include <cstring>
#include <string>
#include <utility>

namespace rqs::loads {
namespace {

constexpr std::size_t stack_bytes = 32 * 1024;

void* run(void* body) {
    (*static_cast<std::function<void()>*>(body))();
    return nullptr;
}

}  // namespace

ManyThreads::~ManyThreads() {
    for (const pthread_t thread : threads_) {
        ::pthread_join(thread, nullptr);
    }
}

Status ManyThreads::start(std::function<void()> body) {
    bodies_.push_back(std::move(body));
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, stack_bytes);
    ::pthread_attr_setguardsize(&attributes, 0);
    pthread_t thread{};
    const int error = ::pthread_create(&thread, &attributes, run, &bodies_.back());
    ::pthread_attr_destroy(&attributes);
    if (error != 0) {
        return fail("cannot start thread " + std::to_string(threads_.size() + 1) + ": " +
                    std::strerror(error) + "; raise pid_max or the limit of processes");
    }
    threads_.push_back(thread);
    return {};
}

}  // namespace rqs::loads
