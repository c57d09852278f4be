// SPDX-License-Identifier: BSD-2-Clause
// Talk, as opposed to data: the only way to standard error. A write to it that fails is no error:
// where nobody listens, only talk is lost.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace rqs::util {

/// Prints text that has its newlines already: another program's messages, a table.
inline void say_text(std::string_view text) {
    (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

/// Prints `line` and a newline, in one write: lines of several processes do not mix.
inline void say(std::string line) {
    line += '\n';
    say_text(line);
}

/// Keeps a notice that could come with every event from filling the screen.
class SayAtMost {
  public:
    static constexpr std::uint64_t second_ns = 1'000'000'000;

    explicit SayAtMost(std::uint64_t every_ns = second_ns) : every_ns_(every_ns) {}

    /// Whether to speak at `now_ns` of a clock that does not go back: the first time, and then once
    /// `every_ns` have passed since it last said yes.
    bool allowed(std::uint64_t now_ns) {
        if (last_ns_ && now_ns - *last_ns_ < every_ns_) {
            return false;
        }
        last_ns_ = now_ns;
        return true;
    }

  private:
    std::uint64_t every_ns_;
    std::optional<std::uint64_t> last_ns_;
};

}  // namespace rqs::util
