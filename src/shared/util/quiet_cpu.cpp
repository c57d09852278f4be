// SPDX-License-Identifier: BSD-2-Clause
#include "util/quiet_cpu.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <utility>

#include "util/clock.h"
#include "util/procfs.h"

namespace rqs::util {
namespace {

/// The first `count` numbers of a line.
template <std::size_t count>
std::array<std::uint64_t, count> numbers(std::string_view line) {
    std::array<std::uint64_t, count> found{};
    const char* at = line.data();
    const char* const end = at + line.size();
    for (std::uint64_t& number : found) {
        at = std::find_if(at, end, [](char c) { return c != ' '; });
        at = std::from_chars(at, end, number).ptr;
    }
    return found;
}

std::uint64_t grown(const IdleTimes& before, std::uint32_t cpu, std::uint64_t now) {
    const auto found = before.find(cpu);
    return found == before.end() || now < found->second ? 0 : now - found->second;
}

/// The thread goes to one of its CPUs, and may go on to any of them.
bool move_to(std::uint32_t cpu) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (cpu >= CPU_SETSIZE || ::sched_getaffinity(0, sizeof(allowed), &allowed) != 0 ||
        !CPU_ISSET(cpu, &allowed)) {
        return false;
    }
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    const bool moved = ::sched_setaffinity(0, sizeof(only), &only) == 0;
    (void)::sched_setaffinity(0, sizeof(allowed), &allowed);
    return moved;
}

}  // namespace

// `cpu3 user nice system idle …`
IdleTimes idle_times(std::string_view stat) {
    IdleTimes times;
    while (!stat.empty()) {
        const std::size_t end = std::min(stat.find('\n'), stat.size());
        const std::string_view line = stat.substr(0, end);
        stat.remove_prefix(std::min(end + 1, stat.size()));
        if (line.size() > 4 && line.substr(0, 3) == "cpu" && line[3] >= '0' && line[3] <= '9') {
            const auto fields = numbers<5>(line.substr(3));
            times[static_cast<std::uint32_t>(fields[0])] = fields[4];
        }
    }
    return times;
}

std::optional<std::uint32_t> quieter_than(std::uint32_t current, const IdleTimes& before,
                                          const IdleTimes& now, std::uint64_t own,
                                          std::uint64_t least) {
    constexpr std::uint64_t clearly = 5;
    std::uint64_t most = 0;
    std::optional<std::uint32_t> quietest;
    for (const auto& [cpu, idle] : now) {
        if (const std::uint64_t idled = grown(before, cpu, idle); idled > most) {
            most = idled;
            quietest = cpu;
        }
    }
    const auto here = now.find(current);
    const std::uint64_t mine = own + (here == now.end() ? 0 : grown(before, current, here->second));
    return most > least && most > mine + most / clearly ? quietest : std::nullopt;
}

void QuietCpu::compare(std::uint64_t own_ns) {
    IdleTimes now = idle_times(Procfs().read("stat").value_or(""));
    const int current = ::sched_getcpu();
    constexpr std::uint64_t tick_ns = 10'000'000;  // the unit of /proc/stat
    constexpr std::uint64_t least = 4;
    const auto better = current < 0 ? std::nullopt
                                    : quieter_than(static_cast<std::uint32_t>(current), idle_, now,
                                                   own_ns / tick_ns, least);
    if (better && move_to(*better)) {
        ++moves_;
    }
    idle_ = std::move(now);
}

void QuietCpu::look(std::uint64_t now_ns) {
    constexpr std::uint64_t little = 100;  // a hundredth of a CPU disturbs nobody
    constexpr std::uint64_t looking = 1000;
    if (now_ns < looked_ns_ + every_ns_) {
        return;
    }
    const std::uint64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    const bool busy = (cpu_ns - cpu_ns_) * little > now_ns - looked_ns_;
    if (busy) {
        compare(cpu_ns - cpu_ns_);
    } else {
        idle_.clear();
    }
    looked_ns_ = now_ns;
    cpu_ns_ = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    every_ns_ = std::max(least_every_ns, (cpu_ns_ - cpu_ns) * looking);
}

}  // namespace rqs::util
