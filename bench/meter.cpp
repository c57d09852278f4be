// SPDX-License-Identifier: BSD-2-Clause
#include "bench/meter.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

namespace rqs::bench {
namespace {

namespace fs = std::filesystem;

constexpr auto look_every = std::chrono::microseconds{100};
constexpr auto settled_after = std::chrono::milliseconds{150};
constexpr auto link_patience = std::chrono::seconds{10};

std::uint64_t to_number(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    std::uint64_t value = 0;
    if (begin != std::string_view::npos) {
        std::from_chars(text.data() + begin, text.data() + text.size(), value);
    }
    return value;
}

/// What /proc tells of the BPF objects behind a process's file descriptors.
struct HeldObjects {
    std::set<std::uint32_t> programs;
    std::set<std::uint32_t> links;
    std::map<std::string, std::uint64_t> bytes;  ///< memory, by kind and id
};

void read_fdinfo(const fs::path& path, HeldObjects& held) {
    std::ifstream file{path};
    std::string line;
    std::string object;
    std::uint64_t bytes = 0;
    while (std::getline(file, line)) {
        const std::size_t colon = line.find(':');
        const std::string_view key = std::string_view{line}.substr(0, colon);
        const std::uint64_t value =
            colon == std::string::npos ? 0 : to_number(std::string_view{line}.substr(colon + 1));
        if (key == "prog_id") {
            held.programs.insert(static_cast<std::uint32_t>(value));
            object = line;
        } else if (key == "link_id") {
            held.links.insert(static_cast<std::uint32_t>(value));
        } else if (key == "map_id") {
            object = line;
        } else if (key == "memlock") {
            bytes = value;
        }
    }
    if (bytes > 0) {
        held.bytes[object] = bytes;
    }
}

HeldObjects held_objects(pid_t pid) {
    HeldObjects held;
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fdinfo", pid), gone)) {
        read_fdinfo(entry.path(), held);
    }
    return held;
}

/// The value of the first line of a /proc file that starts with `key`, 0 if there is none.
std::uint64_t value_of(const std::string& path, std::string_view key) {
    std::ifstream file{path};
    std::string line;
    while (std::getline(file, line)) {
        if (line.compare(0, key.size(), key) == 0) {
            return to_number(std::string_view{line}.substr(key.size()));
        }
    }
    return 0;
}

/// Resident bytes of the BPF maps that a process has mapped.
std::uint64_t mapped_map_bytes(pid_t pid) {
    std::ifstream file{fmt::format("/proc/{}/smaps", pid)};
    std::string line;
    bool inside = false;
    std::uint64_t kib = 0;
    while (std::getline(file, line)) {
        if (line.find("anon_inode:bpf-map") != std::string::npos) {
            inside = true;
        } else if (inside && line.compare(0, 4, "Rss:") == 0) {
            kib += to_number(std::string_view{line}.substr(4));
            inside = false;
        }
    }
    return kib * 1024;
}

}  // namespace

Result<RunTimeStats> RunTimeStats::enable() {
    Fd fd{bpf_enable_stats(BPF_STATS_RUN_TIME)};
    if (!fd.valid()) {
        return fail(
            "cannot have the kernel count the time of BPF programs (5.8 or later, as root): " +
            bpfkit::describe(-errno));
    }
    return RunTimeStats{std::move(fd)};
}

Result<ProgramTotals> program_totals(pid_t pid) {
    ProgramTotals totals;
    for (const std::uint32_t id : held_objects(pid).programs) {
        const Fd fd{bpf_prog_get_fd_by_id(id)};
        bpf_prog_info info{};
        __u32 size = sizeof(info);
        if (!fd.valid() || bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) {
            return fail(fmt::format("cannot read what BPF program {} costs: {}", id,
                                    bpfkit::describe(-errno)));
        }
        totals.run_ns += info.run_time_ns;
        totals.runs += info.run_cnt;
    }
    totals.switches = machine_switches();
    return totals;
}

std::uint64_t machine_switches() {
    return value_of("/proc/stat", "ctxt");
}

Memory memory(pid_t pid) {
    Memory memory;
    memory.peak_rss = value_of(fmt::format("/proc/{}/status", pid), "VmHWM:") * 1024;
    for (const auto& [object, bytes] : held_objects(pid).bytes) {
        memory.kernel += bytes;
    }
    memory.mapped = std::min(mapped_map_bytes(pid), memory.kernel);
    return memory;
}

Resident resident(pid_t pid) {
    const std::string status = fmt::format("/proc/{}/status", pid);
    Resident bytes;
    bytes.rings = mapped_map_bytes(pid);
    const auto beside = [&bytes](std::uint64_t kib) {
        return kib * 1024 > bytes.rings ? kib * 1024 - bytes.rings : 0;
    };
    bytes.now = beside(value_of(status, "VmRSS:"));
    bytes.peak = beside(value_of(status, "VmHWM:"));
    return bytes;
}

std::uint64_t cpu_time_ns(pid_t pid) {
    // All threads of the process, the ended ones too; ticks are good to about a percent here.
    std::ifstream file{fmt::format("/proc/{}/stat", pid)};
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) {
        return 0;
    }
    std::istringstream words{line.substr(name_end + 1)};
    std::string skipped;
    for (int i = 0; i < 11; ++i) {
        words >> skipped;
    }
    std::uint64_t user = 0;
    std::uint64_t system = 0;
    words >> user >> system;
    return (user + system) *
           (1'000'000'000ULL / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

LinkWatch::LinkWatch() {
    look();
    seen_.clear();
}

void LinkWatch::look() {
    __u32 next = 0;
    while (bpf_link_get_next_id(last_, &next) == 0) {
        last_ = next;
        seen_.emplace_back(next, Clock::now());
    }
}

Result<Clock::time_point> LinkWatch::wait_for_links(Process& process) {
    const auto deadline = Clock::now() + link_patience;
    std::size_t judged = 0;
    while (Clock::now() < deadline) {
        look();
        if (seen_.size() > judged && Clock::now() - seen_.back().second > settled_after) {
            judged = seen_.size();
            const auto held = held_objects(process.pid()).links;
            for (auto link = seen_.rbegin(); link != seen_.rend(); ++link) {
                if (held.count(link->first) != 0) {
                    return link->second;
                }
            }
        }
        if (process.ended()) {
            return fail("it ended before its programs were attached");
        }
        std::this_thread::sleep_for(look_every);
    }
    return fail("none of its programs was attached in ten seconds");
}

}  // namespace rqs::bench
