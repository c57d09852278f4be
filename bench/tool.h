// SPDX-License-Identifier: BSD-2-Clause
// A tracer under test, from its start to its last word.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/meter.h"
#include "bench/process.h"

namespace rqs::bench {

/// What a tool said at its end, as far as it said so.
struct LastWord {
    std::optional<std::uint64_t> seen;
    std::optional<std::uint64_t> kept;
    std::optional<std::uint64_t> lost;
    std::uint64_t wait_lines = 0;  ///< printed, where they were counted
};

class Tool {
  public:
    struct Spec {
        std::vector<std::string> argv;
        bool uses_bpf = true;      ///< its start is over when its BPF programs are attached
        bool count_waits = false;  ///< read all of its output rather than throw it away
    };

    /// Returns once it traces.
    static Result<std::unique_ptr<Tool>> start(const Spec& spec);

    Tool(const Tool&) = delete;
    Tool& operator=(const Tool&) = delete;
    ~Tool();

    [[nodiscard]] pid_t pid() const { return process_.pid(); }
    void signal(int number) const { process_.signal(number); }
    [[nodiscard]] Clock::duration time_to_attach() const { return time_to_attach_; }

    /// Interrupts it and takes its last word.
    Result<LastWord> stop();

  private:
    Tool(Process process, Fd out, Fd errors, bool count_waits)
        : process_(std::move(process)),
          errors_(std::move(errors)),
          drain_(std::move(out), count_waits) {}

    [[nodiscard]] std::string errors() const;

    Process process_;
    Fd errors_;
    Drain drain_;
    Clock::duration time_to_attach_{};
};

}  // namespace rqs::bench
