// SPDX-License-Identifier: BSD-2-Clause
// Where a busy real-time thread had better run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace rqs::util {

/// What each CPU has idled since boot, by its number, in the units of /proc/stat.
using IdleTimes = std::map<std::uint32_t, std::uint64_t>;

/// Of the text of /proc/stat. What is no line of a CPU is skipped.
IdleTimes idle_times(std::string_view stat);

/// The CPU that idled most from `before` to `now`, if it idled clearly more than `current`: by a
/// fifth of what the one that idled most did, and more than `least`. `own` is what the thread
/// itself had of `current`, which would have idled without it.
std::optional<std::uint32_t> quieter_than(std::uint32_t current, const IdleTimes& before,
                                          const IdleTimes& now, std::uint64_t own,
                                          std::uint64_t least);

/// Moves the calling thread to the CPU that idles most. The scheduler leaves a real-time thread
/// where it is as long as no other real-time task runs there, however busy that CPU is with others
/// and however idle the next one: they would be held up for nothing.
class QuietCpu {
  public:
    /// To be called often, by the thread. Looks at most five times a second, only while the thread
    /// uses more than a hundredth of a CPU, and seldom enough that looking takes no more than a
    /// thousandth of one. Where the thread may run is not changed.
    void look(std::uint64_t now_ns);

    [[nodiscard]] std::uint64_t moves() const { return moves_; }

  private:
    static constexpr std::uint64_t least_every_ns = 200'000'000;

    void compare(std::uint64_t own_ns);

    std::uint64_t looked_ns_ = 0;
    std::uint64_t cpu_ns_ = 0;  // of the thread, then
    std::uint64_t every_ns_ = least_every_ns;
    IdleTimes idle_;
    std::uint64_t moves_ = 0;
};

}  // namespace rqs::util
