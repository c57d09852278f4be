// SPDX-License-Identifier: BSD-2-Clause
// A recording that another tool has made.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "import/sched_event.h"
#include "util/error.h"

namespace rqs::import {

/// What the file tells of its run; empty and 0 where it does not.
struct ForeignInfo {
    std::string format;  ///< `perf.data`
    std::string tool;    ///< `perf 6.1.192`
    std::string host;
    std::string kernel;
    std::string machine;
    std::vector<std::string> command_line;
    std::uint32_t cpus = 0;  ///< highest number plus one
    /// CLOCK_REALTIME less the file's clock; nothing: the file does not tell the time of day.
    std::optional<std::int64_t> realtime_offset_ns;
    std::optional<std::uint64_t> last_ns;  ///< when it ends, where that stands at its start
};

class ForeignFile {
  public:
    ForeignFile() = default;
    ForeignFile(const ForeignFile&) = delete;
    ForeignFile& operator=(const ForeignFile&) = delete;
    virtual ~ForeignFile() = default;

    [[nodiscard]] virtual const ForeignInfo& info() const = 0;
    /// Hands on some events, in order of time. False: there are no more.
    virtual Result<bool> read_some(EventTaker& taker) = 0;
    /// What is wrong with the file, a line each, a few at most.
    [[nodiscard]] const std::vector<std::string>& damage() const { return damage_; }

  protected:
    /// Each line once, and not without end.
    void note_damage(std::string line) {
        constexpr std::size_t most = 20;
        const bool said = std::find(damage_.begin(), damage_.end(), line) != damage_.end();
        if (!said && damage_.size() < most) {
            damage_.push_back(std::move(line));
        }
    }
    void forget_damage() { damage_.clear(); }

  private:
    std::vector<std::string> damage_;
};

}  // namespace rqs::import
