// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <pthread.h>

#include <deque>
#include <functional>
#include <vector>

#include "util/error.h"

namespace rqs::loads {

/// Many threads with small stacks and no guard pages, so that their mappings merge into few.
/// They are joined when this object goes: their bodies must have been told to end by then.
class ManyThreads {
  public:
    ManyThreads() = default;
    ManyThreads(const ManyThreads&) = delete;
    ManyThreads& operator=(const ManyThreads&) = delete;
    ~ManyThreads();

    /// Runs `body` in a new thread.
    Status start(std::function<void()> body);

  private:
    std::deque<std::function<void()>> bodies_;  // a deque: threads keep pointers into it
    std::vector<pthread_t> threads_;
};

}  // namespace rqs::loads
