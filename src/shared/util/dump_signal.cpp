// SPDX-License-Identifier: BSD-2-Clause
#include "util/dump_signal.h"

#include <atomic>
#include <csignal>

namespace rqs::util {
namespace {

std::atomic<bool> asked = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void note(int /*signal*/) {
    asked = true;
}

}  // namespace

void catch_dump_signal() {
    struct sigaction action {};
    action.sa_handler = note;
    sigemptyset(&action.sa_mask);
    (void)::sigaction(SIGUSR1, &action, nullptr);
}

bool take_dump_signal() {
    return asked.exchange(false);
}

}  // namespace rqs::util
