// SPDX-License-Identifier: BSD-2-Clause
// What `runqslower demo` has to look at: a few processes that fight for one CPU.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <vector>

#include "util/error.h"

namespace rqs {

/// Three processes pinned to one CPU: `demo-hog` (two threads that compute without a pause),
/// `demo-batch` (three that do so in bursts, all at once) and `demo-web` (three that sleep and wake
/// to a little work: the victims). Needs no privileges. They end with this object, with the
/// thread that called start() whatever way it ends, and by themselves after `lifetime`.
class Workload {
  public:
    explicit Workload(std::chrono::seconds lifetime = std::chrono::seconds(60));
    Workload(const Workload&) = delete;
    Workload& operator=(const Workload&) = delete;
    ~Workload();

    /// Starts the processes. On failure none is left.
    Status start();

    /// The processes, in the order above; empty before start().
    [[nodiscard]] const std::vector<pid_t>& pids() const { return pids_; }
    /// Where they run: the last CPU that this process may use.
    [[nodiscard]] unsigned cpu() const { return cpu_; }

    /// Ends and reaps them.
    void stop();

  private:
    std::chrono::seconds lifetime_;
    std::vector<pid_t> pids_;
    unsigned cpu_ = 0;
};

}  // namespace rqs
