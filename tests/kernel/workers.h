// SPDX-License-Identifier: BSD-2-Clause
// A process whose threads sleep and wake a thousand times a second: everybody waits, all the time.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "situation.h"

namespace rqs::ktest {

class Sleepers {
  public:
    static constexpr std::size_t most = 16;

    /// One thread for each name; the first is the process's first. `prepare` runs in the process
    /// before there are others. With `gate`, they begin to sleep when that opens.
    explicit Sleepers(const std::vector<std::string>& names,
                      const std::function<void()>& prepare = nullptr, Gate* gate = nullptr);

    [[nodiscard]] pid_t pid() const { return process_->pid(); }
    [[nodiscard]] pid_t tid(std::size_t index) const { return board_->tids.at(index); }
    void stop() { process_->stop(); }

  private:
    struct Threads {
        std::array<std::atomic<pid_t>, most> tids{};
        std::atomic<std::uint32_t> ready{0};
    };
    Shared<Threads> board_;
    std::unique_ptr<Process> process_;
};

/// Threads that want a CPU all the time, all of one CPU, from when the gate opens until they had
/// each `cpu_ns` of it; they end when the object does, not before.
class Hogs {
  public:
    Hogs(std::size_t count, std::uint64_t cpu_ns);
    [[nodiscard]] pid_t pid() const { return process_->pid(); }
    void start() { board_->gate.open(); }
    /// Until all of them have had their share and sleep.
    [[nodiscard]] bool finished() const;
    /// What the kernel has counted for all of them, and the thread that started them.
    [[nodiscard]] std::uint64_t waits() const;
    /// The ids of these threads.
    [[nodiscard]] std::vector<pid_t> tids() const;

  private:
    struct Threads {
        Gate gate;
        Gate end;
        std::array<std::atomic<pid_t>, 16> tids{};
        std::atomic<std::uint32_t> ready{0};
        std::atomic<std::uint32_t> done{0};
    };
    bool all_asleep() const;
    std::size_t count_;
    Shared<Threads> board_;
    std::unique_ptr<Process> process_;
};

}  // namespace rqs::ktest
