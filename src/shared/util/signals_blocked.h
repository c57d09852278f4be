// SPDX-License-Identifier: BSD-2-Clause
// Threads that no signal interrupts.
#pragma once

#include <csignal>

namespace rqs::util {

/// While it lives the calling thread takes no signals, nor do the threads that it makes ever:
/// signals are for those that wait for something.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

}  // namespace rqs::util
