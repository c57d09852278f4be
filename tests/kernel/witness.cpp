// SPDX-License-Identifier: BSD-2-Clause
#include "witness.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string_view>

#include "situation.h"

namespace rqs::ktest {
namespace {

/// The number behind `key` in a line, or -1.
long number_after(std::string_view line, std::string_view key) {
    const std::size_t at = line.rfind(key);
    return at == std::string_view::npos ? -1 : std::atol(line.data() + at + key.size());
}

/// "…  4158.917623: sched_switch: …" as ns.
std::uint64_t time_of(std::string_view line) {
    const std::size_t end = line.find(": sched_switch: ");
    const std::size_t start = line.rfind(' ', end - 1) + 1;
    return static_cast<std::uint64_t>(std::strtod(line.data() + start, nullptr) * 1e9);
}

}  // namespace

Witness::Witness() {
    if (in_vm()) {
        return;
    }
    const std::string folder =
        "/sys/kernel/tracing/instances/rqs-kernel-tests-" + std::to_string(::getpid());
    if (::mkdir(folder.c_str(), 0700) != 0) {
        return;
    }
    folder_ = folder;
    const std::string mine = R"(prev_comm ~ "kernel_t*" || next_comm ~ "kernel_t*" || )"
                             R"(prev_comm ~ "rqs-*" || next_comm ~ "rqs-*")";
    write_file(folder_ + "/trace_clock", "mono");
    write_file(folder_ + "/buffer_size_kb", "16384");
    write_file(folder_ + "/events/sched/sched_switch/filter", mine);
    write_file(folder_ + "/events/sched/sched_switch/enable", "1");
}

Witness::~Witness() {
    if (!folder_.empty()) {
        ::rmdir(folder_.c_str());
    }
}

void Witness::stop() {
    if (folder_.empty()) {
        return;
    }
    write_file(folder_ + "/events/sched/sched_switch/enable", "0");
    const std::string text = read_file(folder_ + "/trace");
    std::set<pid_t> running;
    std::map<pid_t, std::uint64_t> left_ns;
    std::size_t start = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos;
         end = text.find('\n', start)) {
        const std::string_view line(text.data() + start, end - start);
        start = end + 1;
        if (line.find(": sched_switch: ") == std::string_view::npos) {
            continue;
        }
        const auto prev = static_cast<pid_t>(number_after(line, " prev_pid="));
        const std::uint64_t now = time_of(line);
        const auto left = left_ns.find(prev);
        // Nobody whom this is about had a CPU when recording began.
        if (running.erase(prev) == 0) {
            unannounced_.emplace(prev, Span{left != left_ns.end() ? left->second : 0, now});
        }
        left_ns[prev] = now;
        running.insert(static_cast<pid_t>(number_after(line, " next_pid=")));
    }
    ::rmdir(folder_.c_str());
    folder_.clear();
}

Witness::Count Witness::unannounced(pid_t tid, std::uint64_t begin_ns, std::uint64_t end_ns) const {
    Count count;
    const auto [first, last] = unannounced_.equal_range(tid);
    for (auto at = first; at != last; ++at) {
        const auto [after_ns, before_ns] = at->second;
        count.least += after_ns >= begin_ns && before_ns <= end_ns ? 1U : 0U;
        count.most += before_ns > begin_ns && after_ns <= end_ns ? 1U : 0U;
    }
    return count;
}

}  // namespace rqs::ktest
