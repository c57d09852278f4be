// SPDX-License-Identifier: BSD-2-Clause
#include "commands/triggers.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

#include "util/safe_text.h"
#include "util/text.h"

namespace rqs {
namespace {

constexpr std::string_view machine_pressure = "/proc/pressure/cpu";

std::string file_of(const PressureTrigger& trigger) {
    return trigger.cgroup.empty() ? std::string(machine_pressure)
                                  : trigger.cgroup + "/cpu.pressure";
}

/// `avg10` of the line `some`, in per cent; nothing where the file is not like that.
std::optional<double> some_avg10(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    constexpr std::string_view head = "some avg10=";
    if (!std::getline(file, line) || line.compare(0, head.size(), head) != 0) {
        return std::nullopt;
    }
    double percent = 0;
    const char* const begin = line.data() + head.size();
    const auto result = std::from_chars(begin, line.data() + line.size(), percent);
    return result.ec == std::errc{} ? std::optional(percent) : std::nullopt;
}

}  // namespace

Result<PressureTrigger> parse_pressure_trigger(const std::string& word) {
    PressureTrigger trigger;
    const std::size_t colon = word.rfind(':');
    const std::string number = colon == std::string::npos ? word : word.substr(colon + 1);
    trigger.cgroup = colon == std::string::npos ? "" : word.substr(0, colon);
    const char* const end = number.data() + number.size();
    const auto result = std::from_chars(number.data(), end, trigger.percent);
    const bool in_range = trigger.percent > 0 && trigger.percent <= 100;
    if (result.ec != std::errc{} || result.ptr != end || !in_range || colon == 0) {
        return usage_error(
            fmt::format("--trigger-psi: {} is no pressure in per cent; write 20, or "
                        "/sys/fs/cgroup/web.slice:20",
                        util::in_quotes(word)));
    }
    return trigger;
}

Result<Triggers> Triggers::make(const std::vector<std::string>& words) {
    Triggers triggers;
    for (const std::string& word : words) {
        auto trigger = parse_pressure_trigger(word);
        if (!trigger) {
            return tl::unexpected(trigger.error());
        }
        const std::string path = file_of(*trigger);
        if (!some_avg10(path)) {
            return fail(fmt::format(
                "--trigger-psi: cannot read {}; it needs a kernel with PSI (boot with psi=1) "
                "and for a cgroup its v2 directory",
                util::printable(path)));
        }
        triggers.pressures_.push_back(std::move(*trigger));
    }
    return triggers;
}

std::optional<std::string> Triggers::look(std::uint64_t now_ns) {
    constexpr std::uint64_t every_ns = 1'000'000'000;
    if (now_ns < looked_ns_ + every_ns) {
        return std::nullopt;
    }
    looked_ns_ = now_ns;
    for (const PressureTrigger& trigger : pressures_) {
        const auto percent = some_avg10(file_of(trigger));
        if (percent && *percent >= trigger.percent) {
            return fmt::format("CPU pressure of {:.1f} % {}", *percent,
                               trigger.cgroup.empty() ? "on the machine"
                                                      : "in " + util::printable(trigger.cgroup));
        }
    }
    return std::nullopt;
}

}  // namespace rqs
