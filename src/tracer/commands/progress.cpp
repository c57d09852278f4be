// SPDX-License-Identifier: BSD-2-Clause
#include "commands/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <string>

#include "commands/keeper.h"
#include "commands/views.h"
#include "util/say.h"

namespace rqs {
namespace {

constexpr double ns_per_s = 1e9;

/// To the line's start, and away with what is there.
constexpr const char* clear_line = "\r\x1b[K";

}  // namespace

Progress::Progress(const Keeper& keeper, std::uint64_t began_ns, bool wanted)
    : keeper_(keeper),
      began_ns_(began_ns),
      shown_ns_(began_ns),
      wanted_(wanted && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (shown_) {
        util::say_text(clear_line);
    }
}

void Progress::show(std::uint64_t now_ns) {
    constexpr std::uint64_t every_ns = 1'000'000'000;
    if (!wanted_ || now_ns < shown_ns_ + every_ns) {
        return;
    }
    const std::uint64_t switches = keeper_.recorder().switches();
    const double seconds = static_cast<double>(now_ns - shown_ns_) / ns_per_s;
    const std::string line = fmt::format(
        "recording: {:.0f} s, {} switches, {:.0f} a second, {}, {} waits lost; Ctrl-C ends",
        static_cast<double>(now_ns - began_ns_) / ns_per_s, switches,
        static_cast<double>(switches - switches_) / seconds, size_text(keeper_.bytes()),
        keeper_.recorder().lost());
    // A line that wraps could not be written over.
    util::say_text(clear_line + line.substr(0, width_of(STDERR_FILENO) - 1));
    shown_ = true;
    shown_ns_ = now_ns;
    switches_ = switches;
}

}  // namespace rqs
