// SPDX-License-Identifier: BSD-2-Clause
// What a block of a recording is made of, before it is packed and after it is unpacked.
// docs/RECORD_FORMAT.md has the whole format and what was rejected.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "record/numbers.h"

namespace rqs::record {

/// The columns of a block, by their numbers in the file. A reader skips those that it does not
/// know, and takes one that is not there for empty.
///
/// `shape` and `cpu_low` have a byte for each switch; the others what the shapes say. Where nothing
/// else is said a column holds classes (numbers.h), whose bits are in `bits`.
enum class Column : std::uint8_t {
    bits,        ///< of all numbers, in the order in which they come
    shape,       ///< see Shape
    odd_low,     ///< see Odd: for each switch whose shape says `odd`
    odd_high,    ///< its high byte
    cpu_low,     ///< the CPU
    cpu_high,    ///< its high byte; empty where all are below 256
    time,        ///< of the switch, since the one before on this CPU
    who_low,     ///< who came, as a task's number in this block
    who_high,    ///< its high byte
    here,        ///< how long it waited on this CPU
    elsewhere,   ///< and on others
    offset,      ///< CLOCK_MONOTONIC less the CPU's clock, against the one before; zigzag
    irq,         ///< growth of the CPU's interrupt time
    steal,       ///< and of its stolen time
    run_delay,   ///< what the kernel had charged, against what was expected; zigzag
    runtime,     ///< the same of the time that it ran
    rare,        ///< varints: whatever else is not as expected
    tasks,       ///< varints and texts: the tasks by number, as they come up
    happenings,  ///< varints and texts: everything but switches, see happenings.h
    context,     ///< the same form: what was known before the block and is needed to read it
};
constexpr std::size_t column_count = static_cast<std::size_t>(Column::context) + 1;

/// Bits of a switch's `shape`.
struct Shape {
    static constexpr std::uint8_t left_mask = 7;  ///< enum Left
    static constexpr std::uint8_t came = 8;       ///< somebody's wait ended
    static constexpr std::uint8_t after_leaving =
        16;                                        ///< it waited since it left this CPU: no `here`
    static constexpr std::uint8_t as_before = 32;  ///< who came last time after who left: no `who`
    static constexpr std::uint8_t quota = 64;      ///< a group's quota may hold for who came
    static constexpr std::uint8_t odd = 128;       ///< more bits are in `odd_low`, `odd_high`
};

/// More bits, for what is mostly as expected.
struct Odd {
    static constexpr std::uint16_t gap = 1;         ///< switches are missing before this one
    static constexpr std::uint16_t since = 2;       ///< `rare`: since when it had the CPU
    static constexpr std::uint16_t who_left = 4;    ///< `rare`: not who came before
    static constexpr std::uint16_t irq = 8;         ///< `irq`
    static constexpr std::uint16_t steal = 16;      ///< `steal`
    static constexpr std::uint16_t offset = 32;     ///< `offset`
    static constexpr std::uint16_t elsewhere = 64;  ///< `elsewhere`
    static constexpr std::uint16_t unstamped = 128;
    static constexpr std::uint16_t incomplete = 256;
    static constexpr std::uint16_t kind = 512;        ///< `rare`: not as it left last
    static constexpr std::uint16_t run_delay = 1024;  ///< `run_delay`
    static constexpr std::uint16_t runtime = 2048;    ///< `runtime`
    static constexpr std::uint16_t waker = 4096;      ///< `rare`: task's number, CPU, interrupt
    static constexpr std::uint16_t group = 8192;      ///< `rare`: not the quota of the last time
};

/// What can be told of a block without unpacking it.
struct BlockSummary {
    std::uint64_t first_ns = 0;  ///< CLOCK_MONOTONIC: nothing in it is older
    std::uint64_t last_ns = 0;   ///< nor newer
    std::uint64_t longest_wait_ns = 0;
    std::uint64_t switches_before = 0;  ///< of the run, in the blocks before this one
    std::uint64_t waits_before = 0;
    std::uint32_t switches = 0;
    std::uint32_t waits = 0;
    std::uint32_t lost = 0;    ///< waits, at most 2^32 - 1
    std::uint32_t stream = 0;  ///< blocks of a stream are in order; there is one so far

    bool operator==(const BlockSummary&) const = default;
};

/// Shows the fields to `visit` in the order in which files have them.
template <typename Visit, typename Summary>
void each_field(Visit visit, Summary& summary) {
    visit(summary.first_ns);
    visit(summary.last_ns);
    visit(summary.longest_wait_ns);
    visit(summary.switches_before);
    visit(summary.waits_before);
    visit(summary.switches);
    visit(summary.waits);
    visit(summary.lost);
    visit(summary.stream);
}

struct Block {
    BlockSummary summary;
    std::array<Bytes, column_count> columns;

    Bytes& operator[](Column column) { return columns.at(static_cast<std::size_t>(column)); }
    const Bytes& operator[](Column column) const {
        return columns.at(static_cast<std::size_t>(column));
    }
};

/// Bounds that a writer keeps and a reader enforces.
struct Limits {
    static constexpr std::uint32_t switches = 1U << 16;  ///< a block
    static constexpr std::uint32_t tasks = 60000;        ///< a block
    static constexpr std::uint32_t cpus = 8192;
    static constexpr std::size_t column_bytes = std::size_t{16} << 20;
    static constexpr std::size_t block_bytes = std::size_t{64} << 20;  ///< all columns
    static constexpr std::size_t text = 4096;  ///< a path; longer ones are cut
};

}  // namespace rqs::record
