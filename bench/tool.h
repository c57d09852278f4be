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
    std::uint64_t left_out = 0;     ///< its own waits, and those that its output caused
    std::uint64_t wait_lines = 0;   ///< printed, where they were counted
    std::uint64_t lost_events = 0;  ///< sum of the lines `lost N events`, the peers' way to say it
};

class Tool {
  public:
    struct Spec {
        std::vector<std::string> argv;
        bool uses_bpf = true;      ///< its start is over when its BPF programs are attached
        bool count_waits = false;  ///< read all of its output rather than throw it away
        bool to_null = false;      ///< its stdout is /dev/null and not a pipe of ours
        bool first = false;        ///< its output is read before any ordinary task runs
    };

    /// Returns once it traces.
    static Result<std::unique_ptr<Tool>> start(const Spec& spec);

    Tool(const Tool&) = delete;
    Tool& operator=(const Tool&) = delete;
    ~Tool();

    [[nodiscard]] pid_t pid() const { return process_.pid(); }
    void signal(int number) const { process_.signal(number); }
    [[nodiscard]] Clock::duration time_to_attach() const { return time_to_attach_; }

    /// Interrupts it and takes its last word: interrupt() and then finish().
    Result<LastWord> stop();
    void interrupt();
    Result<LastWord> finish();

  private:
    Tool(Process process, Fd out, Fd errors, const Spec& spec)
        : process_(std::move(process)),
          errors_(std::move(errors)),
          drain_(std::move(out), spec.count_waits, spec.first) {}

    [[nodiscard]] std::string error_text() const;
    [[nodiscard]] std::string errors() const;

    Process process_;
    Fd errors_;
    Drain drain_;
    Clock::duration time_to_attach_{};
};

}  // namespace rqs::bench
