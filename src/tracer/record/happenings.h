// SPDX-License-Identifier: BSD-2-Clause
// Everything of a recording that is not a switch, in one column of a block. Each is
//
//     switches since the one before | kind | length | that many bytes of fields
//
// in varints, so that a reader skips kinds that it does not know and fields that a later version
// has added at the end.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/record.h"
#include "record/numbers.h"

namespace rqs::record {

enum class Happening : std::uint8_t {
    throttle = 1,  ///< ThrottleLook
    loss = 2,
    clock = 3,  ///< ClockReading
    process = 4,
    cgroup = 5,
    stuck = 6,
    fork = 7,
    exit = 8,
    affinity = 9,
};

/// Appends one that came `gap` switches after the one before it.
void put_happening(Bytes& out, std::uint64_t gap, const ThrottleLook& look);
void put_happening(Bytes& out, std::uint64_t gap, const Loss& loss);
void put_happening(Bytes& out, std::uint64_t gap, const ClockReading& reading);
void put_happening(Bytes& out, std::uint64_t gap, const ProcessInfo& info);
void put_happening(Bytes& out, std::uint64_t gap, const CgroupInfo& info);
void put_happening(Bytes& out, std::uint64_t gap, const Stuck& stuck);
void put_happening(Bytes& out, std::uint64_t gap, const Fork& fork);
void put_happening(Bytes& out, std::uint64_t gap, const Exit& exit);
void put_happening(Bytes& out, std::uint64_t gap, const Affinity& affinity);

/// Reads a column of them.
class HappeningReader {
  public:
    /// One that names a CPU from `cpus` on fails the reading.
    HappeningReader(ByteView column, std::uint32_t cpus, Reading& reading)
        : bytes_(column, reading), reading_(&reading), cpus_(cpus) {
        look();
    }

    /// How many switches come before the next one; UINT64_MAX where there is none.
    [[nodiscard]] std::uint64_t gap() const { return gap_; }
    /// Hands the next one on.
    void take(RecordHandler& handler);

  private:
    void look();

    ByteReader bytes_;
    Reading* reading_;
    std::uint32_t cpus_;
    std::uint64_t gap_ = UINT64_MAX;
};

}  // namespace rqs::record
