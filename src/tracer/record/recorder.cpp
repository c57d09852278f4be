// SPDX-License-Identifier: BSD-2-Clause
#include "record/recorder.h"

namespace rqs::record {

void Recorder::cut_if_due(std::uint64_t now_ns) {
    constexpr std::uint64_t longest_ns = 1'000'000'000;
    if (block_began_ns_ == 0) {
        block_began_ns_ = now_ns;
    } else if (now_ns >= block_began_ns_ + longest_ns) {
        cut();
        block_began_ns_ = now_ns;
    }
}

void Recorder::on_switch(const Switch& record) {
    if (record.came) {
        cut_if_due(record.came->ts_ns);
        ++waits_;
    }
    make_room();
    block_.add(record);
    ++switches_;
}

void Recorder::on_loss(const Loss& loss) {
    note(loss);
    block_.count_lost(loss.lost);
    lost_ += loss.lost;
}

void Recorder::on_exit(const Exit& exit) {
    note(exit);
    book_.forget(exit);
}

void Recorder::on_reached(std::uint64_t now_ns) {
    block_.reach(now_ns);
    cut_if_due(now_ns);
}

void Recorder::cut() {
    if (block_.empty()) {
        return;
    }
    book_.complete(block_);
    line_.put(block_.take());
    block_began_ns_ = 0;
}

Status Recorder::finish(std::uint64_t now_ns, const Counters& counters) {
    cut();
    if (auto stored = line_.settle(); !stored) {
        return stored;
    }
    RunEnding ending;
    ending.ended_ns = now_ns;
    ending.counters = counters;
    return store_.finish(ending);
}

}  // namespace rqs::record
