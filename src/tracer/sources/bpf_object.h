// SPDX-License-Identifier: BSD-2-Clause
// The loaded programs and their maps, set up from the options.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "bpfkit/handles.h"
#include "model/options.h"
#include "util/error.h"

struct runqslower_bpf;

namespace rqs {

class BpfObject {
  public:
    static Result<BpfObject> load(const SourceOptions& options, std::optional<pid_t> ancestor);
    BpfObject(BpfObject&&) noexcept;
    BpfObject& operator=(BpfObject&&) noexcept;
    BpfObject(const BpfObject&) = delete;
    BpfObject& operator=(const BpfObject&) = delete;
    ~BpfObject();

    Status attach();
    void detach();

    [[nodiscard]] int cpus_fd() const;
    [[nodiscard]] int doorbell_fd() const;
    [[nodiscard]] std::uint32_t cpu_count() const { return cpu_count_; }
    [[nodiscard]] std::uint32_t history_slots() const { return history_slots_; }
    [[nodiscard]] std::uint32_t ring_slots() const { return ring_slots_; }

    /// A new run of the task iterator: read() returns struct rqs_stuck after struct rqs_stuck.
    Result<bpfkit::Fd> open_waiting_tasks();

  private:
    struct Destroy {
        void operator()(runqslower_bpf* skeleton) const;
    };

    BpfObject();
    Status set_up(const SourceOptions& options, std::optional<pid_t> ancestor);
    void size_rings(const SourceOptions& options);
    Status set_filters(const Filters& filters, std::optional<pid_t> ancestor);
    Status fill_maps(const Filters& filters, std::optional<pid_t> ancestor);

    std::unique_ptr<runqslower_bpf, Destroy> skeleton_;
    std::vector<bpfkit::LinkPtr> links_;
    bpfkit::LinkPtr iterator_;
    std::vector<bpfkit::Fd> pinned_;
    std::uint32_t cpu_count_ = 0;
    std::uint32_t history_slots_ = 0;
    std::uint32_t ring_slots_ = 0;
};

}  // namespace rqs
