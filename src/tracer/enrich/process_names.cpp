// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/process_names.h"

#include <cstdint>
#include <string_view>
#include <utility>

namespace rqs {
namespace {

constexpr std::uint64_t refresh_ns = 1'000'000'000;

/// To the name of a kernel worker /proc adds what it works on: "kworker/0:1-events", or with a "+"
/// while it does. Events do not, and one worker would have many names. The "-" in a rescuer's name,
/// "kworker/R-mm", is its own.
std::string_view without_work(std::string_view comm, std::uint32_t ppid) {
    constexpr std::uint32_t kthreadd = 2;
    constexpr std::string_view worker = "kworker/";
    if (ppid != kthreadd || comm.substr(0, worker.size()) != worker ||
        comm.substr(worker.size(), 2) == "R-") {
        return comm;
    }
    return comm.substr(0, comm.find_first_of("+-"));
}

}  // namespace

ProcessNames::ProcessNames(util::Procfs procfs) : procfs_(std::move(procfs)) {}

const ProcessInfo* ProcessNames::look_up(std::uint32_t pid) {
    Entry* const entry = refresh(pid);
    if (entry == nullptr || !entry->known) {
        return nullptr;
    }
    ProcessInfo& info = entry->info;
    if (info.ppid != 0 && info.ppid != pid) {
        const Entry* const parent = refresh(info.ppid);  // cannot drive out `entry`, just used
        if (parent != nullptr && parent->known) {
            info.parent_comm = parent->info.comm;
        }
    }
    return &info;
}

/// The entry of a process, read where it is missing or old; nullptr: missing, and the reads are
/// spent.
ProcessNames::Entry* ProcessNames::refresh(std::uint32_t pid) {
    Entry* entry = cache_.find(pid);
    const std::uint64_t now_ns = budget_.now_ns();
    const bool fresh = entry != nullptr && now_ns - entry->read_ns < refresh_ns;
    if (fresh || budget_.spent()) {
        return entry;
    }
    entry = entry != nullptr ? entry : cache_.add(pid);
    read(pid, *entry);
    entry->read_ns = now_ns;
    return entry;
}

/// What has ended keeps its last name: what it did may still be on the way.
void ProcessNames::read(std::uint32_t pid, Entry& entry) {
    budget_.spend(1);
    const auto stat = procfs_.stat(pid);
    if (!stat) {
        return;
    }
    const bool other_parent = entry.info.ppid != stat->ppid;
    entry.info.pid = pid;
    entry.info.comm = Comm::from(without_work(stat->comm, stat->ppid));
    entry.info.ppid = stat->ppid;
    entry.info.parent_comm = other_parent ? Comm() : entry.info.parent_comm;
    entry.known = true;
}

}  // namespace rqs
