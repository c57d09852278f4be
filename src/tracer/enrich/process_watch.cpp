// SPDX-License-Identifier: BSD-2-Clause
#include "enrich/process_watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

namespace rqs {

ProcessWatch::ProcessWatch(const std::vector<std::uint32_t>& pids) {
    for (const std::uint32_t pid : pids) {
        // Not declared before glibc 2.36.
        util::Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        if (fd.get() >= 0) {
            alive_.push_back({pid, std::move(fd)});
        }
    }
}

std::vector<std::string> ProcessWatch::ended() {
    std::vector<std::string> lines;
    for (auto watched = alive_.begin(); watched != alive_.end();) {
        pollfd readable{watched->fd.get(), POLLIN, 0};
        if (::poll(&readable, 1, 0) != 1) {
            ++watched;
            continue;
        }
        const std::uint32_t pid = watched->pid;
        watched = alive_.erase(watched);
        lines.push_back(alive_.empty()
                            ? fmt::format("process {} has ended: --pid matches nothing any more; "
                                          "Ctrl-C ends tracing",
                                          pid)
                            : fmt::format("process {} has ended", pid));
    }
    return lines;
}

}  // namespace rqs
