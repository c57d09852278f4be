// SPDX-License-Identifier: BSD-2-Clause
#include "html/run_store.h"

#include <algorithm>

#include "html/columns.h"

namespace rqs::html {

RunStore::RunStore(std::uint32_t cpus, std::size_t most_bytes)
    : most_bytes_(most_bytes), cpus_(std::max(cpus, 1U)) {}

RunStore::Block& RunStore::block_for(std::uint32_t cpu, std::uint64_t from_tick) {
    auto& blocks = cpus_[cpu];
    const bool goes_on =
        !blocks.empty() && blocks.back().to_tick == from_tick && blocks.back().runs < runs_a_block;
    if (!goes_on) {
        Block block;
        block.from_tick = block.to_tick = from_tick;
        blocks.push_back(std::move(block));
        bytes_ += block_cost;
    }
    return blocks.back();
}

void RunStore::add(const Run& run) {
    if (run.cpu >= cpus_.size()) {
        return;
    }
    auto& blocks = cpus_[run.cpu];
    const std::uint64_t to_tick = run.to_ns / tick_ns;
    std::uint64_t from_tick = run.from_ns / tick_ns;
    if (!blocks.empty()) {
        // Ends of runs are as exact as the arrivals told: a run never begins before the last one's.
        const std::uint64_t before = blocks.back().to_tick;
        constexpr std::uint64_t close = 20;
        from_tick = from_tick < before + close ? before : from_tick;
    }
    if (to_tick < from_tick) {
        return;
    }
    Block& block = block_for(run.cpu, from_tick);
    const std::size_t size = block.bytes.size();
    put_varint(block.bytes, (to_tick - from_tick) * 8 + static_cast<std::uint64_t>(run.left));
    put_varint(block.bytes, run.task);
    put_varint(block.bytes, run.waited_ns == 0
                                ? 0
                                : std::max<std::uint64_t>(run.waited_ns / tick_ns, 1) * 8 +
                                      static_cast<std::uint64_t>(run.cause));
    block.to_tick = to_tick;
    block.worth_ns = std::max(block.worth_ns, run.waited_ns);
    ++block.runs;
    bytes_ += block.bytes.size() - size;
    if (bytes_ > most_bytes_) {
        // The last ones may lie in a long wait that has not ended yet.
        std::size_t blocks_now = 0;
        for (const auto& each : cpus_) {
            blocks_now += each.size();
        }
        forget(most_bytes_ / 8 * 7, blocks_now / 4 / cpus_.size() + 1);
    }
}

void RunStore::value(std::uint32_t cpu, std::uint64_t from_ns, std::uint64_t wait_ns,
                     bool look_back) {
    if (cpu >= cpus_.size()) {
        return;
    }
    auto& blocks = cpus_[cpu];
    const std::size_t most = std::min(blocks.size(), look_back ? far_blocks : 1);
    for (std::size_t back = 1; back <= most; ++back) {
        Block& block = blocks[blocks.size() - back];
        if (back > 1 && block.to_tick <= from_ns / tick_ns) {
            return;
        }
        block.worth_ns = std::max(block.worth_ns, wait_ns);
    }
}

void RunStore::shrink(std::size_t most_bytes) {
    if (bytes_ > most_bytes) {
        forget(most_bytes, 0);
    }
}

void RunStore::forget(std::size_t most_bytes, std::size_t blocks_spared) {
    std::vector<std::pair<std::uint64_t, std::size_t>> worths;  // and what each takes
    for (const auto& blocks : cpus_) {
        for (std::size_t i = 0; i + blocks_spared < blocks.size(); ++i) {
            worths.emplace_back(blocks[i].worth_ns, blocks[i].cost());
        }
    }
    std::sort(worths.begin(), worths.end());
    std::size_t gained = 0;
    std::size_t last = 0;
    while (last < worths.size() && bytes_ - gained > most_bytes) {
        gained += worths[last++].second;
    }
    if (last == 0) {
        return;
    }
    const std::uint64_t limit_ns = worths[last - 1].first;
    for (auto& blocks : cpus_) {
        const std::size_t end = blocks.size() - std::min(blocks_spared, blocks.size());
        std::size_t at = 0;
        std::erase_if(blocks, [&](const Block& block) {
            const bool goes = at++ < end && block.worth_ns <= limit_ns && bytes_ > most_bytes;
            bytes_ -= goes ? block.cost() : 0;
            return goes;
        });
    }
    complete_ = false;
}

std::string RunStore::column() const {
    std::string column;
    for (const auto& blocks : cpus_) {
        put_varint(column, blocks.size());
        std::uint64_t before = 0;
        for (const Block& block : blocks) {
            put_varint(column, block.from_tick - before);
            put_varint(column, block.runs);
            column += block.bytes;
            before = block.to_tick;
        }
    }
    return column;
}

}  // namespace rqs::html
