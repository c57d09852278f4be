// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/output_readers.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

namespace rqs {
namespace {

/// What a reader's descriptor is a link to; empty where `fd` is neither pipe nor terminal.
std::string other_end(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) {
        return {};
    }
    if (S_ISFIFO(info.st_mode)) {
        return fmt::format("pipe:[{}]", info.st_ino);
    }
    return ::isatty(fd) == 1 ? "/dev/ptmx" : "";
}

bool is_end(std::string_view link, std::string_view end) {
    // The multiplexer of terminals has two names: /dev/ptmx and /dev/pts/ptmx.
    return link == end || (end == "/dev/ptmx" && link == "/dev/pts/ptmx");
}

bool may_read(const util::Procfs& procfs, std::uint32_t pid, std::uint32_t fd) {
    const auto flags = procfs.field(fmt::format("{}/fdinfo/{}", pid, fd), "flags");
    unsigned value = 0;
    constexpr int octal = 8;
    constexpr unsigned access_mode = 3;
    constexpr unsigned write_only = 1;
    if (flags) {
        std::from_chars(flags->data(), flags->data() + flags->size(), value, octal);
    }
    return (value & access_mode) != write_only;
}

bool reads(const util::Procfs& procfs, std::uint32_t pid, std::string_view end) {
    util::ProcDir fds(procfs.path(fmt::format("{}/fd", pid)));
    std::vector<util::IdEntry> entries;
    if (fds.valid()) {
        fds.list_ids(entries);
    }
    for (const util::IdEntry& entry : entries) {
        const auto link = procfs.read_link(fmt::format("{}/fd/{}", pid, entry.id));
        if (link && is_end(*link, end) && may_read(procfs, pid, entry.id)) {
            return true;
        }
    }
    return false;
}

std::unordered_set<std::uint32_t> candidates(const util::Procfs& procfs) {
    std::unordered_set<std::uint32_t> found;
    for (auto pid = static_cast<std::uint32_t>(::getppid()); pid > 1 && found.insert(pid).second;) {
        const auto stat = procfs.stat(pid);
        pid = stat ? stat->ppid : 0;
    }
    util::ProcDir all(procfs.root());
    std::vector<util::IdEntry> pids;
    if (all.valid()) {
        all.list_ids(pids);
    }
    const pid_t group = ::getpgrp();
    for (const util::IdEntry& pid : pids) {
        if (::getpgid(static_cast<pid_t>(pid.id)) == group) {
            found.insert(pid.id);
        }
    }
    found.erase(static_cast<std::uint32_t>(::getpid()));
    return found;
}

}  // namespace

std::unordered_set<std::uint32_t> output_readers(int fd, const util::Procfs& procfs) {
    std::unordered_set<std::uint32_t> readers;
    const std::string end = other_end(fd);
    if (end.empty()) {
        return readers;
    }
    for (const std::uint32_t pid : candidates(procfs)) {
        if (reads(procfs, pid, end)) {
            readers.insert(pid);
        }
    }
    return readers;
}

}  // namespace rqs
