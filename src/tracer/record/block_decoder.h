// SPDX-License-Identifier: BSD-2-Clause
// Blocks in, records out: whatever the bytes are, records or an error.
#pragma once

#include <cstdint>

#include "model/record.h"
#include "record/block.h"
#include "record/expected.h"
#include "record/task_table.h"
#include "util/error.h"

namespace rqs::record {

class BlockDecoder {
  public:
    /// `cpus` is the highest CPU number plus one of the machine that was recorded: a block that
    /// names another CPU is not what the format says.
    explicit BlockDecoder(std::uint32_t cpus = Limits::cpus) : cpus_(cpus) {}

    /// Hands on a block's records, its context first. `continues`: the block before it in the
    /// recording was handed on just now; else no switch follows another of an earlier block. An
    /// error means that the block is not what the format says; some records may have been handed on
    /// then, but none that was not there. Ends early, without error, where the handler is done.
    Status decode(const Block& block, bool continues, RecordHandler& handler);

  private:
    class Columns;

    void read_switch(Columns& in);
    TaskNumber read_leaver(Columns& in, std::uint16_t odd);
    void read_arrival(Columns& in, std::uint8_t shape, std::uint16_t odd, TaskNumber left);
    void read_wait(Columns& in, std::uint8_t shape, std::uint16_t odd,
                   const Expected::Thread& thread, Arrival& came) const;
    void read_totals(Columns& in, std::uint16_t odd, const Expected::Thread& thread, Arrival& came);
    Waker read_waker(Columns& in);
    /// 0 where there is no such task, which fails the reading.
    TaskNumber checked(Columns& in, std::uint64_t number) const;

    std::uint32_t cpus_;
    TaskList tasks_;
    Expected expected_;
    Switch record_;                // its memory is used again
    std::vector<bool> seen_cpus_;  // in this block
    bool continues_ = false;
};

}  // namespace rqs::record
