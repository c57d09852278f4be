// SPDX-License-Identifier: BSD-2-Clause
// Records in, blocks out.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/record.h"
#include "record/block.h"
#include "record/expected.h"
#include "record/happenings.h"
#include "record/task_table.h"

namespace rqs::record {

class BlockEncoder {
  public:
    void add(const Switch& record);

    /// Anything else, in its place among the switches.
    template <typename Happened>
    void note(const Happened& happened) {
        put_happening(block_[Column::happenings], switches_since_, happened);
        switches_since_ = 0;
        ++notes_;
    }
    /// What was known before the block began.
    template <typename Known>
    void note_context(const Known& known) {
        put_happening(block_[Column::context], 0, known);
    }
    /// Makes the block reach to this moment.
    void reach(std::uint64_t ts_ns) { see(ts_ns); }
    void count_lost(std::uint64_t lost) {
        lost_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(UINT32_MAX, lost_ + lost));
    }

    /// Nothing but context has come.
    [[nodiscard]] bool empty() const { return block_.summary.switches == 0 && notes_ == 0; }
    /// The next switch may find no room.
    [[nodiscard]] bool full() const {
        return block_.summary.switches >= Limits::switches || tasks_.size() + 3 > Limits::tasks ||
               block_[Column::happenings].size() + block_[Column::context].size() >
                   Limits::column_bytes / 8;
    }
    /// Those that the block mentions so far.
    [[nodiscard]] const std::vector<Task>& tasks() const { return tasks_.tasks(); }

    /// Everything since the last one. Begins anew.
    Block take();

  private:
    void see(std::uint64_t ts_ns) {
        BlockSummary& summary = block_.summary;
        summary.first_ns = seen_ ? std::min(summary.first_ns, ts_ns) : ts_ns;
        summary.last_ns = std::max(summary.last_ns, ts_ns);
        seen_ = true;
    }
    void put_cpu(std::uint32_t cpu);
    TaskNumber put_leaver(const Switch& record, Expected::Cpu& cpu);
    void put_arrival(const Switch& record, const Arrival& came, TaskNumber left);
    void put_wait(const Switch& record, const Arrival& came, const Expected::Thread& thread);
    void put_totals(const Arrival& came, const Expected::Thread& thread);
    void put_waker(const Waker& waker);
    void put_number(Column column, std::uint64_t value) {
        record::put_number(block_[column], bits_, value);
    }
    void put_rare(std::uint64_t value) { put_varint(block_[Column::rare], value); }

    Block block_;
    BitWriter bits_;
    TaskTable tasks_;
    Expected expected_;
    std::uint8_t shape_ = 0;  // of the switch at hand
    std::uint16_t odd_ = 0;
    std::uint64_t switches_since_ = 0;
    std::uint64_t notes_ = 0;
    std::uint64_t switches_before_ = 0;
    std::uint64_t waits_before_ = 0;
    std::uint32_t lost_ = 0;
    bool seen_ = false;
};

}  // namespace rqs::record
