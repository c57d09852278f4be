// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/process_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace rqs {
namespace {

util::Fd open_pidfd(std::uint32_t id) {
    // Not declared before glibc 2.36.
    return util::Fd(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
}

}  // namespace

ProcessWatch::ProcessWatch(const std::vector<std::uint32_t>& pids,
                           const std::vector<std::uint32_t>& tids) {
    for (const std::uint32_t pid : pids) {
        if (util::Fd fd = open_pidfd(pid); fd.valid()) {
            processes_.alive.push_back({pid, std::move(fd), true});
        }
    }
    for (const std::uint32_t tid : tids) {
        if (util::Fd fd = open_pidfd(tid); fd.valid()) {
            threads_.alive.push_back({tid, std::move(fd), true});
            continue;
        }
        // Only a process's first thread has a pidfd, unless PIDFD_THREAD is given, which came with
        // 64bef697d33b "pidfd: implement PIDFD_THREAD flag for pidfd_open()", 6.9. A thread's files
        // in /proc can be read for as long as it lives, on any kernel.
        util::Fd fd(::open(fmt::format("/proc/{}/comm", tid).c_str(), O_RDONLY | O_CLOEXEC));
        if (fd.valid()) {
            threads_.alive.push_back({tid, std::move(fd), false});
        }
    }
}

bool ProcessWatch::has_ended(const Watched& watched) {
    if (watched.is_pidfd) {
        pollfd readable{watched.fd.get(), POLLIN, 0};
        return ::poll(&readable, 1, 0) == 1;
    }
    char byte = 0;
    return ::pread(watched.fd.get(), &byte, 1, 0) < 0 && errno == ESRCH;
}

void ProcessWatch::look(Group& group, std::vector<std::string>& lines) {
    for (auto watched = group.alive.begin(); watched != group.alive.end();) {
        if (!has_ended(*watched)) {
            ++watched;
            continue;
        }
        const std::uint32_t id = watched->id;
        watched = group.alive.erase(watched);
        lines.push_back(group.alive.empty()
                            ? fmt::format("{} {} has ended: {} matches nothing any more; Ctrl-C "
                                          "ends tracing",
                                          group.word, id, group.option)
                            : fmt::format("{} {} has ended", group.word, id));
    }
}

std::vector<std::string> ProcessWatch::ended() {
    std::vector<std::string> lines;
    look(processes_, lines);
    look(threads_, lines);
    return lines;
}

}  // namespace rqs
