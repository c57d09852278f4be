// SPDX-License-Identifier: BSD-2-Clause
// Threads that wait for one CPU: somebody has to.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <string>
#include <thread>

namespace rqs::pkgtest {

/// A hog and a thread that wants to run every millisecond, both on the same CPU, until the end of
/// the object.
class Workload {
  public:
    /// `name` becomes the sleeper's.
    explicit Workload(const std::string& name = "pkgtest-victim");
    Workload(const Workload&) = delete;
    Workload& operator=(const Workload&) = delete;
    ~Workload();

    [[nodiscard]] pid_t victim() const { return victim_; }
    [[nodiscard]] pid_t hog() const { return hog_; }

  private:
    std::atomic<bool> stop_{false};
    std::atomic<pid_t> victim_{0};
    std::atomic<pid_t> hog_{0};
    std::thread hog_thread_;
    std::thread victim_thread_;
};

}  // namespace rqs::pkgtest
